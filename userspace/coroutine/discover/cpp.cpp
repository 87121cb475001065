// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/cpp.hpp"

#include <asm/ptrace.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "coroutine/discover/cpp_names.hpp"
#include "coroutine/discover/demangle.hpp"
#include "coroutine/discover/landings.hpp"
#include "coroutine/discover/places.hpp"
#include "coroutine/discover/symbols.hpp"

namespace triptych::coroutine::discover {
namespace {

using probes::ElfFile;
using probes::Place;

constexpr int kMostDestroyInstructions = 64;

triptych_operand in_register(std::size_t offset) {
  triptych_operand operand{};
  operand.kind = TRIPTYCH_OPERAND_REGISTER;
  operand.register_offset = static_cast<__u16>(offset);
  operand.bytes = 8;
  return operand;
}

std::optional<Place> cpp_place(const ElfFile& file, std::uint64_t address, std::uint8_t kind,
                               ProbeCost cost) {
  const auto offset = file.code_offset(address);
  if (!offset) return std::nullopt;
  Place place;
  place.offset = *offset;
  place.site.id = in_register(offsetof(pt_regs, rdi));
  place.site.address = address;
  place.site.kind = kind;
  place.site.source = TRIPTYCH_COROUTINE_UPROBE;
  place.site.runtime = TRIPTYCH_COROUTINE_RUNTIME_CPP;
  place.site.cost_ns = cost == ProbeCost::kEmulated ? kEmulatedNs : kSteppedNs;
  return place;
}

bool is_delete(std::string_view name) {
  return name.starts_with("_ZdlPv") || name.ends_with("dlEPv") || name.ends_with("dlEPvm") ||
         name.ends_with("dlEPvmSt11align_val_t") || name.ends_with("dlEPvSt11align_val_t");
}

// Where g++ keeps the resume index: what its destroyer sets the lowest bit of.
std::optional<std::uint16_t> resume_index(std::span<const std::byte> destroyer) {
  std::optional<std::int32_t> found;
  int left = kMostDestroyInstructions;
  sweep(destroyer, 0, [&](std::uint64_t, const Instruction& each) {
    const bool sets = each.is_one_byte(0x83) && each.operand_size && (each.modrm >> 3 & 7) == 1 &&
                      each.immediate == 1;
    const bool loads = each.map == OpcodeMap::k0f && each.opcode == 0xb7;
    if ((sets || loads) && each.base()) {
      found = each.displacement;
    }
    return !found && --left > 0;
  });
  if (!found || *found < 16 || *found > 0xffff) return std::nullopt;
  return static_cast<std::uint16_t>(*found);
}

class Finder {
 public:
  explicit Finder(const ElfFile& file) : file_(file) {}

  Result<Discovery> run() {
    CppNames names;
    TRIPTYCH_TRY(for_each_function(file_, [&](const Symbol& symbol) {
      names.add(symbol);
      functions_.push_back({symbol.address, symbol.size});
      if (is_delete(symbol.name)) deletes_.insert(symbol.address);
    }));
    const std::vector<CppCoroutine> coroutines = names.coroutines();
    if (coroutines.empty()) return std::move(found_);
    for (const auto& [address, name] : imported_functions(file_)) {
      if (is_delete(name)) deletes_.insert(address);
    }
    for (const CppCoroutine& each : coroutines) add(each);
    add_landings();
    return std::move(found_);
  }

 private:
  void add(const CppCoroutine& coroutine) {
    if (seen_.contains(coroutine.resume.address)) return;
    std::optional<std::uint16_t> index;
    if (coroutine.by_gcc) {
      const CodeRange& destroyer = coroutine.destroys.front();
      index = resume_index(file_.code(destroyer.address, destroyer.size));
    }
    // Without it a destruction cannot be told from a resumption.
    const auto resume = entry(coroutine.resume, TRIPTYCH_CPP_RESUME, index);
    if (!resume || (coroutine.by_gcc && !index)) {
      ++found_.not_understood;
      return;
    }
    seen_.insert(coroutine.resume.address);
    found_.functions.push_back({demangled(coroutine.name), coroutine.resume.address});
    Place place = *resume;
    if (index) {
      place.site.index_offset = *index;
      place.site.index_bytes = 2;
    }
    add(place);
    if (!coroutine.by_gcc) {
      found_.lower_bounds = true;
      for (const CodeRange& each : coroutine.destroys) {
        if (const auto destroy = entry(each, TRIPTYCH_CPP_DESTROY)) add(*destroy);
      }
    }
    add_frees(coroutine.resume);
    for (const CodeRange& each : coroutine.cold) add_frees(each);
  }

  void add(Place place) {
    place.site.function = static_cast<__u32>(found_.functions.size());
    if (!probed_.insert(place.offset).second) return;
    const bool cheap = place.site.cost_ns == kEmulatedNs;
    (cheap ? found_.places : found_.dear).push_back(place);
  }

  [[nodiscard]] std::optional<Place> entry(
      const CodeRange& range, std::uint8_t kind,
      std::optional<std::uint16_t> index = std::nullopt) const {
    const auto code = file_.code(range.address, range.size);
    const auto found = entry_place(code, range.address, false, index);
    if (!found) return std::nullopt;
    auto place = cpp_place(file_, found->address, kind, found->cost);
    if (!place) return std::nullopt;
    place->site.sp_added = found->sp_added;
    if (found->word_in_rax) place->site.second = in_register(offsetof(pt_regs, rax));
    return place;
  }

  void add_frees(const CodeRange& range) {
    const std::vector<std::byte> code = file_.code(range.address, range.size);
    sweep(code, range.address, [&](std::uint64_t at, const Instruction& each) {
      const auto target = branch_target(each, at);
      if (target && deletes_.contains(*target) && probe_cost(each) == ProbeCost::kEmulated) {
        const auto place = cpp_place(file_, at, TRIPTYCH_CPP_FREE, ProbeCost::kEmulated);
        if (place) add(*place);
      }
      return true;
    });
  }

  void add_landings() {
    Landings landings(file_, {seen_, std::nullopt, {}, {}, false}, functions_);
    found_.returns = landings.find();
    for (const std::uint64_t address : landings.places()) {
      const auto place = cpp_place(file_, address, TRIPTYCH_CPP_LANDING, ProbeCost::kEmulated);
      // Where another one is probed already, that one does it, too.
      if (place && probed_.insert(place->offset).second) found_.places.push_back(*place);
    }
  }

  const ElfFile& file_;
  Discovery found_;
  std::unordered_set<std::uint64_t> deletes_;  // addresses of operator delete
  std::unordered_set<std::uint64_t> seen_;     // addresses of functions that resume
  std::unordered_set<std::uint64_t> probed_;   // offsets
  std::vector<CodeRange> functions_;           // all of the file
};

}  // namespace

Result<Discovery> discover_cpp(const ElfFile& file) {
  return Finder(file).run();
}

std::optional<Place> cpp_landing(const ElfFile& file, std::uint64_t address, bool may_be_dear) {
  const std::vector<std::byte> code = file.code(address, kLandingBytes);
  const auto where = landing_place(code, address).address;
  if (where) return cpp_place(file, *where, TRIPTYCH_CPP_LANDING, ProbeCost::kEmulated);
  const auto first = decode(code);
  if (!may_be_dear || !first || probe_cost(*first) != ProbeCost::kStepped) return std::nullopt;
  return cpp_place(file, address, TRIPTYCH_CPP_LANDING, ProbeCost::kStepped);
}

}  // namespace triptych::coroutine::discover
