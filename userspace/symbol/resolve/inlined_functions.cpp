// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/inlined_functions.hpp"

#include <dwarf.h>

#include <algorithm>
#include <functional>
#include <string_view>

namespace triptych::symbol::resolve {
namespace {

constexpr std::size_t kMostUnits = 1 << 14;   // of which elfutils keeps a kilobyte each
constexpr std::size_t kMostRanges = 1 << 19;  // of units, and of the functions of one
constexpr std::size_t kMostRangesKept = 1 << 18;
constexpr std::string_view kSections[] = {".debug_info",     ".debug_abbrev",     ".debug_str",
                                          ".debug_line_str", ".debug_ranges",     ".debug_rnglists",
                                          ".debug_addr",     ".debug_str_offsets"};
constexpr std::size_t kMostKnown = 1 << 16;
constexpr int kMostNesting = 64;
constexpr std::size_t kMostInlined = 64;
constexpr std::size_t kLongestInlined = 4096;

// Calls `visit` with each child, as long as they stand one behind the other: what a file says of
// its parts may go round in circles.
void each_child(Dwarf_Die* parent, const std::function<void(Dwarf_Die*)>& visit) {
  Dwarf_Die child;
  if (::dwarf_child(parent, &child) != 0) return;
  for (Dwarf_Off last = 0;;) {
    const Dwarf_Off at = ::dwarf_dieoffset(&child);
    if (at <= last) return;
    last = at;
    visit(&child);
    Dwarf_Die next;
    if (::dwarf_siblingof(&child, &next) != 0) return;
    child = next;
  }
}

// Functions may be told within these.
bool holds_functions(int tag) {
  switch (tag) {
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:
      return true;
    default:
      return false;
  }
}

std::string name_of(Dwarf_Die* die) {
  for (const unsigned attribute : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name}) {
    Dwarf_Attribute value;
    if (::dwarf_attr_integrate(die, attribute, &value) == nullptr) continue;
    const char* text = ::dwarf_formstring(&value);
    if (text != nullptr && *text != '\0') return std::string(text).substr(0, kLongestInlined);
  }
  return {};
}

}  // namespace

std::uint64_t InlinedFunctions::size_of(const Image& image) {
  return PartialElf::size_of(image, kSections);
}

std::optional<InlinedFunctions> InlinedFunctions::of(const Image& image, std::size_t most) {
  InlinedFunctions inlined;
  inlined.file_ = PartialElf::take(image, kSections, most);
  if (!inlined.file_) return std::nullopt;
  inlined.dwarf_.reset(::dwarf_begin_elf(inlined.file_->get(), DWARF_C_READ, nullptr));
  if (!inlined.dwarf_) return std::nullopt;
  inlined.find_units();
  return inlined;
}

void InlinedFunctions::add_ranges(Dwarf_Die* die, Ranges& to) const {
  Dwarf_Addr base = 0, start = 0, end = 0;
  const Dwarf_Off at = ::dwarf_dieoffset(die);
  for (std::ptrdiff_t offset = 0; to.size() < kMostRanges;) {
    const std::ptrdiff_t next = ::dwarf_ranges(die, offset, &base, &start, &end);
    if (next <= offset) return;
    offset = next;
    if (start < end) to.push_back({start, end, at});
  }
}

void InlinedFunctions::find_units() {
  Dwarf_Off at = 0, next = 0;
  std::size_t header_size = 0;
  std::size_t units = 0;
  while (units++ < kMostUnits &&
         ::dwarf_nextcu(dwarf_.get(), at, &next, &header_size, nullptr, nullptr, nullptr) == 0 &&
         next > at) {
    Dwarf_Die unit;
    if (::dwarf_offdie(dwarf_.get(), at + header_size, &unit) != nullptr) add_ranges(&unit, units_);
    at = next;
  }
  std::sort(units_.begin(), units_.end());
}

void InlinedFunctions::add_functions(Dwarf_Die* unit, Ranges& to) const {
  std::vector<std::pair<Dwarf_Die, int>> open{{*unit, 0}};
  while (!open.empty()) {
    auto [holder, depth] = open.back();
    open.pop_back();
    each_child(&holder, [&, level = depth](Dwarf_Die* child) {
      const int tag = ::dwarf_tag(child);
      if (tag == DW_TAG_subprogram) add_ranges(child, to);
      const bool deeper = holds_functions(tag) && ::dwarf_haschildren(child) == 1;
      if (deeper && level < kMostNesting && open.size() < kMostRanges) {
        open.emplace_back(*child, level + 1);
      }
    });
  }
  std::sort(to.begin(), to.end());
}

const InlinedFunctions::Ranges& InlinedFunctions::functions_of(Dwarf_Off unit) {
  const auto known = functions_.find(unit);
  if (known != functions_.end()) return known->second;
  std::size_t all = 0;
  for (const auto& [other, ranges] : functions_) all += ranges.size();
  if (all > kMostRangesKept) functions_.clear();
  Ranges& ranges = functions_[unit];
  Dwarf_Die die;
  if (::dwarf_offdie(dwarf_.get(), unit, &die) != nullptr) add_functions(&die, ranges);
  return ranges;
}

std::vector<std::string> InlinedFunctions::look_up(std::uint64_t address) {
  const auto find = [address](const Ranges& ranges) -> const Range* {
    const auto after =
        std::upper_bound(ranges.begin(), ranges.end(), address,
                         [](std::uint64_t at, const Range& range) { return at < range.start; });
    if (after == ranges.begin() || address >= std::prev(after)->end) return nullptr;
    return &*std::prev(after);
  };
  std::vector<std::string> names;
  const Range* unit = find(units_);
  const Range* function = unit == nullptr ? nullptr : find(functions_of(unit->die));
  Dwarf_Die scope;
  if (function == nullptr || ::dwarf_offdie(dwarf_.get(), function->die, &scope) == nullptr) {
    return names;
  }
  for (int depth = 0; depth < kMostNesting; ++depth) {
    std::optional<Dwarf_Die> inner;
    each_child(&scope, [&](Dwarf_Die* child) {
      const int tag = ::dwarf_tag(child);
      const bool scopes = tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block;
      if (!inner && scopes && ::dwarf_haspc(child, address) == 1) inner = *child;
    });
    if (!inner) break;
    scope = *inner;
    if (::dwarf_tag(&scope) == DW_TAG_inlined_subroutine && names.size() < kMostInlined) {
      names.push_back(name_of(&scope));
    }
  }
  std::reverse(names.begin(), names.end());
  return names;
}

const std::vector<std::string>& InlinedFunctions::at(std::uint64_t address) {
  const auto known = known_.find(address);
  if (known != known_.end()) return known->second;
  if (known_.size() >= kMostKnown) known_.clear();
  return known_[address] = look_up(address);
}

}  // namespace triptych::symbol::resolve
