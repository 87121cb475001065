// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/python.hpp"

#include <fmt/core.h>

#include <array>
#include <cstring>

#include "coroutine/discover/dynamic_symbols.hpp"

namespace triptych::coroutine::discover {
namespace {

constexpr std::uint16_t kNone = TRIPTYCH_PYTHON_NONE;

struct Version {
  int minor;
  std::int64_t thread_state;  // in _PyRuntime; 0: each thread has it in a variable of its own
  triptych_python_layout layout;
};

triptych_python_layout layout_3_10() {
  triptych_python_layout layout{};
  layout.frame_created = -2;
  layout.task_state = 0x58;
  layout.task_waiter = 0x98;
  layout.task_coroutine = 0xa0;
  layout.coroutine_frame = 0x10;
  layout.coroutine_inner = kNone;
  layout.frame_state = 0x6c;
  layout.coroutine_qualname = 0x30;
  layout.coroutine_code = 0x18;
  layout.code_name = 0x70;
  layout.code_file = 0x68;
  layout.code_line = 0x28;
  layout.text_length = 0x10;
  layout.text_flags = 0x20;
  layout.text_ascii = 0x30;
  layout.text_wide = 0x48;
  layout.thread_frame = 0x18;
  layout.thread_frame_indirect = kNone;
  layout.frame_code = 0x20;
  layout.frame_previous = 0x18;
  layout.function_code = 0x30;
  layout.function_qualname = 0x28;
  layout.method_function = 0x10;
  layout.type_name = 0x18;
  layout.compiled_method = 0x10;
  layout.compiled_self = 0x18;
  return layout;
}

triptych_python_layout layout_3_11() {
  triptych_python_layout layout = layout_3_10();
  layout.task_waiter = 0x80;
  layout.task_coroutine = 0x88;
  layout.coroutine_frame = kNone;
  layout.coroutine_inner = 0x50;
  layout.frame_top = 0x40;
  layout.frame_locals = 0x48;
  layout.frame_state = 0x4b;
  layout.coroutine_qualname = 0x28;
  layout.coroutine_code = 0x10;
  layout.code_name = 0x80;
  layout.code_file = 0x70;
  layout.code_line = 0x48;
  layout.thread_frame = 0x38;
  layout.thread_frame_indirect = 0x08;
  layout.frame_previous = 0x30;
  return layout;
}

triptych_python_layout layout_3_12() {
  triptych_python_layout layout = layout_3_11();
  layout.frame_state = 0x43;
  layout.coroutine_inner = 0x48;
  layout.coroutine_qualname = 0x20;
  layout.coroutine_code = 0x48;
  layout.code_line = 0x44;
  layout.text_ascii = 0x28;
  layout.text_wide = 0x38;
  layout.thread_frame_indirect = 0x00;
  layout.frame_code = 0x00;
  layout.frame_previous = 0x08;
  return layout;
}

triptych_python_layout layout_3_13() {
  triptych_python_layout layout = layout_3_12();
  layout.frame_created = -3;
  layout.task_state = 0x60;
  layout.task_waiter = 0x70;
  layout.task_coroutine = 0x78;
  layout.thread_frame = 0x48;
  layout.thread_frame_indirect = kNone;
  return layout;
}

std::optional<Version> version_of(int minor) {
  switch (minor) {
    case 10:
      return Version{minor, 0x238, layout_3_10()};
    case 11:
      return Version{minor, 0x240, layout_3_11()};
    case 12:
      return Version{minor, 0, layout_3_12()};
    case 13:
      return Version{minor, 0, layout_3_13()};
    default:
      return std::nullopt;
  }
}

template <class T>
T number_in(std::span<const std::byte> bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

bool begins_with(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

// The function that gives a thread its state is as short as can be; what it is made of depends on
// how the interpreter was linked.
void find_thread_state(const probes::ElfFile& file, const DynamicSymbol& function,
                       triptych_python_layout& layout) {
  using namespace std::string_view_literals;
  constexpr std::size_t kFunctionBytes = 20;
  const std::vector<std::byte> all = bytes_at(file, function.address, kFunctionBytes);
  std::span<const std::byte> code(all);
  std::uint64_t address = function.address;
  const auto take = [&](std::string_view expected) {
    if (!begins_with(code, expected)) return false;
    code = code.subspan(expected.size());
    address += expected.size();
    return true;
  };
  const auto pointed_to = [&] {  // from after the four bytes that say so
    return static_cast<std::int64_t>(address + 4) + number_in<std::int32_t>(code, 0);
  };
  take("\xf3\x0f\x1e\xfa"sv);            // endbr64
  if (take("\x64\x48\x8b\x04\x25"sv)) {  // mov %fs:NUMBER,%rax
    if (code.size() < 4) return;
    layout.thread_state_how = TRIPTYCH_PYTHON_STATE_FS;
    layout.thread_state = number_in<std::int32_t>(code, 0);
  } else if (take("\x48\x8b\x05"sv)) {  // mov SLOT(%rip),%rax; mov %fs:(%rax),%rax
    if (code.size() < 8 || !begins_with(code.subspan(4), "\x64\x48\x8b\x00"sv)) return;
    layout.thread_state_how = TRIPTYCH_PYTHON_STATE_FS_SLOT;
    layout.thread_state = pointed_to();
  } else if (take("\x48\x83\xec\x08\x66\x48\x8d\x3d"sv)) {  // sub; lea PAIR(%rip),%rdi; call
    if (code.size() < 8 || !begins_with(code.subspan(4), "\x66\x66\x48\xe8"sv)) return;
    layout.thread_state_how = TRIPTYCH_PYTHON_STATE_TLS_PAIR;
    layout.thread_state = pointed_to();
  }
}

// Without the GIL everything is elsewhere. Since 3.13 the interpreter's state begins with a table
// of offsets for debuggers, which says so.
bool is_free_threaded(const probes::ElfFile& file, const DynamicSymbol& runtime) {
  const std::vector<std::byte> bytes = bytes_at(file, runtime.address, 24);
  return begins_with(bytes, "xdebugpy") && number_in<std::uint64_t>(bytes, 16) != 0;
}

// Interpreters say it since 3.11; PyIter_Send is there since 3.10.
std::optional<std::uint32_t> hex_version(const probes::ElfFile& file,
                                         const DynamicSymbols& symbols) {
  const DynamicSymbol* version = symbols.defined("Py_Version");
  if (version == nullptr) return 0x030a0000;
  const std::vector<std::byte> bytes = bytes_at(file, version->address, sizeof(std::uint32_t));
  if (bytes.empty()) return std::nullopt;
  return number_in<std::uint32_t>(bytes, 0);
}

}  // namespace

Result<std::optional<Interpreter>> read_interpreter(const probes::ElfFile& file) {
  TRIPTYCH_TRY_ASSIGN(const DynamicSymbols symbols, DynamicSymbols::read(file));
  const DynamicSymbol* runtime = symbols.defined("_PyRuntime");
  if (runtime == nullptr) return std::nullopt;
  if (symbols.defined("PyIter_Send") == nullptr) return fail("a Python before 3.10");
  const auto hex = hex_version(file, symbols);
  if (!hex) return fail("a Python that does not tell its version");
  Interpreter found{static_cast<int>(*hex >> 24), static_cast<int>(*hex >> 16 & 0xff), {}};
  const auto version = found.major == 3 ? version_of(found.minor) : std::nullopt;
  if (!version || is_free_threaded(file, *runtime)) {
    return fail(fmt::format("Python {}.{}{} is not known: 3.10 to 3.13 are", found.major,
                            found.minor, version ? " without the GIL" : ""));
  }
  found.layout = version->layout;
  triptych_python_layout& layout = found.layout;
  layout.runtime = runtime->address;
  layout.runtime_size = runtime->size;
  struct Wanted {
    std::string_view name;
    __u64* address;
  };
  for (const Wanted& each :
       {Wanted{"_Py_NoneStruct", &layout.none}, Wanted{"PyType_Type", &layout.type_type},
        Wanted{"PyCode_Type", &layout.code_type}, Wanted{"PyCoro_Type", &layout.coroutine_type},
        Wanted{"PyFunction_Type", &layout.function_type},
        Wanted{"PyMethod_Type", &layout.method_type},
        Wanted{"PyCFunction_Type", &layout.compiled_type},
        Wanted{"PyGen_Type", &layout.generator_type}}) {
    const DynamicSymbol* symbol = symbols.defined(each.name);
    if (symbol == nullptr) return fail(fmt::format("a Python that does not export {}", each.name));
    *each.address = symbol->address;
  }
  if (version->thread_state != 0) {
    layout.thread_state_how = TRIPTYCH_PYTHON_STATE_GLOBAL;
    layout.thread_state = static_cast<std::int64_t>(runtime->address) + version->thread_state;
    return found;
  }
  for (const char* name : {"PyThreadState_GetUnchecked", "_PyThreadState_UncheckedGet"}) {
    const DynamicSymbol* function = symbols.defined(name);
    if (function == nullptr) continue;
    find_thread_state(file, *function, layout);
    break;
  }
  return found;
}

}  // namespace triptych::coroutine::discover
