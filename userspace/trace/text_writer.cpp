// SPDX-License-Identifier: Apache-2.0
#include "trace/text_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "trace/fields.hpp"
#include "trace/metadata_json.hpp"

namespace triptych::trace {
namespace {

bool harmless(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_./:+-,@%").find(c) != std::string_view::npos;
}

void append_string(std::string& out, std::string_view raw) {
  if (std::all_of(raw.begin(), raw.end(), harmless)) {
    out += raw;
    return;
  }
  out += '"';
  for (const char c : raw) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c < 0x20 || c == 0x7f) {  // as char is signed, also what is not ASCII
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

class TextVisitor {
 public:
  explicit TextVisitor(std::string& out) : out_(out) {}

  template <class T>
  void number_or(std::string_view name, T value, T absent) {
    if (value == absent) return;
    if constexpr (std::is_enum_v<T>) {
      field(name, "{}", static_cast<std::underlying_type_t<T>>(value));
    } else {
      field(name, "{}", value);
    }
  }
  template <class T>
  void number(std::string_view name, T value) {
    number_or(name, value, T{});
  }
  template <class T>
  void hex(std::string_view name, T value) {
    if (value != 0) field(name, "{:#x}", value);
  }
  void flag(std::string_view name, bool value) {
    if (value) fmt::format_to(std::back_inserter(out_), " {}", name);
  }
  template <std::size_t N>
  void text(std::string_view name, const model::FixedString<N>& value) {
    string(name, value.view());
  }
  void arguments(std::string_view name, const model::TaskExec& exec) {
    string(name, {exec.args.data(), std::min<std::size_t>(exec.args_size, exec.args.size())});
  }
  template <class T>
  void build_id(std::string_view name, const T& file) {
    const std::span used = std::span(file.build_id).first(file.build_id_size);
    if (!used.empty()) field(name, "{:02x}", fmt::join(used, ""));
  }
  void frames(std::string_view name, const model::Stack& stack) {
    const std::span used = std::span(stack.frame).first(stack.frames);
    if (used.empty()) return;
    fmt::format_to(std::back_inserter(out_), " {}=", name);
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (i != 0) out_ += ',';
      if (stack.symbols) {
        const auto frame = model::KernelFrame::of(used[i]);
        fmt::format_to(std::back_inserter(out_), "{}+{:#x}", frame.symbol, frame.offset);
      } else {
        fmt::format_to(std::back_inserter(out_), "{:#x}", used[i]);
      }
    }
  }
  template <class T>
  void choice(std::string_view name, T value, const ChoiceNames& names) {
    if (static_cast<unsigned>(value) == 0) return;  // "unknown"
    field(name, "{}", names.names[static_cast<unsigned>(value) - names.first]);
  }
  template <class T, std::size_t N>
  void list(std::string_view name, const std::array<T, N>& values) {
    std::size_t used = N;
    while (used > 0 && values[used - 1] == 0) --used;
    if (used == 0) return;
    field(name, "{}", fmt::join(values.begin(), values.begin() + used, ","));
  }
  template <std::size_t N>
  void hex_list(std::string_view name, const std::array<std::uint64_t, N>& values) {
    std::size_t used = N;
    while (used > 0 && values[used - 1] == 0) --used;
    if (used == 0) return;
    field(name, "{:#x}", fmt::join(values.begin(), values.begin() + used, ","));
  }
  template <std::size_t N>
  void bytes(std::string_view name, const std::array<std::uint8_t, N>& values) {
    std::size_t used = N;
    while (used > 0 && values[used - 1] == 0) --used;
    if (used == 0) return;
    field(name, "{:02x}", fmt::join(values.begin(), values.begin() + used, ""));
  }

 private:
  template <class T>
  void field(std::string_view name, fmt::format_string<T> format, T&& value) {
    fmt::format_to(std::back_inserter(out_), " {}=", name);
    fmt::format_to(std::back_inserter(out_), format, std::forward<T>(value));
  }
  void string(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    fmt::format_to(std::back_inserter(out_), " {}=", name);
    append_string(out_, value);
  }

  std::string& out_;
};

}  // namespace

void append_text_header(std::string& out) {
  fmt::format_to(std::back_inserter(out), "{}{}\n", kTextMagic, kTextVersion);
}

void append_text(std::string& out, const model::Metadata& metadata) {
  fmt::format_to(std::back_inserter(out), "{}{}\n", kMetadataPrefix, to_json(metadata));
}

void append_text(std::string& out, const model::Ending& ending) {
  fmt::format_to(std::back_inserter(out), "{}{}\n", kEndingPrefix, to_json(ending));
}

void append_text(std::string& out, const model::DataQuality& quality) {
  fmt::format_to(std::back_inserter(out), "{}{}\n", kQualityPrefix, to_json(quality));
}

void append_text(std::string& out, const model::Event& event) {
  fmt::format_to(std::back_inserter(out), "{} cpu={} task={} {}", event.ts_ns, event.cpu,
                 static_cast<std::uint32_t>(event.task), kKindNames[event.payload.index()]);
  TextVisitor visitor(out);
  std::visit([&visitor](const auto& payload) { visit_fields(payload, visitor); }, event.payload);
  out += '\n';
}

}  // namespace triptych::trace
