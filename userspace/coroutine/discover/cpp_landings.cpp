// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/cpp_landings.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "coroutine/discover/places.hpp"

namespace triptych::coroutine::discover {
namespace {

constexpr std::uint64_t kMostText = 64 << 20;
constexpr std::size_t kMostLandings = 2000;
constexpr int kMostRounds = 4;  // wrappers of wrappers
constexpr std::uint8_t kNothing = 0xff;

bool is_indirect(const Instruction& instruction, std::uint8_t what) {
  return instruction.is_one_byte(0xff) && (instruction.modrm >> 3 & 7) == what;
}
bool is_indirect_call(const Instruction& instruction) {
  return is_indirect(instruction, 2);
}
bool is_indirect_jump(const Instruction& instruction) {
  return is_indirect(instruction, 4);
}

// The register of an operand (%register).
std::uint8_t first_word_of(const Instruction& instruction) {
  return instruction.displacement == 0 ? instruction.base().value_or(kNothing) : kNothing;
}

}  // namespace

void Landings::Track::clear() {
  std::fill(std::begin(loaded_from_), std::end(loaded_from_), kNothing);
  first_argument_is_ = kRdi;
}

void Landings::Track::follow(const Instruction& each) {
  if (is_call(each) || is_conditional_jump(each) || ends_straight_line(each) ||
      is_indirect_call(each)) {
    clear();
    return;
  }
  const bool stores = each.is_one_byte(0x89);
  if (!each.is_wide() || (!stores && !each.is_one_byte(0x8b))) return;
  if (each.mod() == 3) {
    const std::uint8_t to = stores ? each.rm() : each.reg();
    loaded_from_[to] = kNothing;
    if (to == kRdi) first_argument_is_ = stores ? each.reg() : each.rm();
  } else if (!stores) {
    loaded_from_[each.reg()] = first_word_of(each);
    if (each.reg() == kRdi) first_argument_is_ = kRdi;
  }
}

bool Landings::Track::goes_by_first_word(const Instruction& instruction) const {
  const std::uint8_t frame =
      instruction.mod() == 3 ? loaded_from_[instruction.rm()] : first_word_of(instruction);
  return frame != kNothing && (frame == kRdi || frame == first_argument_is_);
}

Landings::Landings(const probes::ElfFile& file, std::unordered_set<std::uint64_t> resumers,
                   std::vector<CodeRange> functions)
    : file_(file), resumers_(std::move(resumers)), functions_(std::move(functions)) {
  std::sort(functions_.begin(), functions_.end(),
            [](const CodeRange& a, const CodeRange& b) { return a.address < b.address; });
}

std::vector<std::uint64_t> Landings::find() {
  std::size_t known = 0;
  for (int round = 0; round < kMostRounds; ++round) {
    sweep_text(round == 0);
    if (wrappers_.size() == known) break;
    known = wrappers_.size();
    for (const auto& [function, returns] : wrappers_) resumers_.insert(function);
  }
  for (const std::uint64_t function : landed_) {
    const auto wrapper = wrappers_.find(function);
    if (wrapper == wrappers_.end()) continue;
    returns_.insert(wrapper->second.begin(), wrapper->second.end());
  }
  return {returns_.begin(), returns_.end()};
}

void Landings::sweep_text(bool indirect) {
  for (const probes::Section& section : file_.sections()) {
    if (!section.name.starts_with(".text")) continue;
    const auto code = file_.code(section.address, std::min(section.size, kMostText));
    for (std::uint64_t done = 0; done < code.size();) {
      std::uint64_t behind = section.address + done;
      track_.clear();
      sweep(std::span(code).subspan(done), behind,
            [&](std::uint64_t here, const Instruction& each) {
              behind = here + each.length;
              look_at(here, each, indirect, behind,
                      std::span(code).subspan(behind - section.address));
              track_.follow(each);
              return true;
            });
      done = behind - section.address + 1;  // data between functions
    }
  }
}

void Landings::look_at(std::uint64_t address, const Instruction& instruction, bool indirect,
                       std::uint64_t behind, std::span<const std::byte> code) {
  const auto target = branch_target(instruction, address);
  if (is_call(instruction) && resumers_.contains(*target)) {
    come_back(behind, code);
    if (places_.size() < kMostLandings && returns_.contains(behind)) landed_.insert(*target);
  } else if (is_indirect_call(instruction)) {
    if (indirect && track_.goes_by_first_word(instruction)) come_back(behind, code);
  } else if ((is_jump(instruction) && resumers_.contains(*target)) ||
             (is_indirect_jump(instruction) && indirect &&
              track_.goes_by_first_word(instruction))) {
    // Its caller is who is returned to.
    const auto function = function_of(address);
    if (function && !resumers_.contains(*function)) wrappers_[*function];
  }
}

void Landings::come_back(std::uint64_t address, std::span<const std::byte> code) {
  if (places_.size() == kMostLandings) return;
  const Landing landing = landing_place(code.first(std::min(code.size(), kLandingBytes)), address);
  if (landing.address) {
    places_.insert(*landing.address);
    returns_.insert(address);
  } else if (landing.returns) {
    const auto function = function_of(address);
    if (function) wrappers_[*function].insert(address);
  }
}

std::optional<std::uint64_t> Landings::function_of(std::uint64_t address) const {
  auto next = std::upper_bound(
      functions_.begin(), functions_.end(), address,
      [](std::uint64_t value, const CodeRange& each) { return value < each.address; });
  if (next == functions_.begin()) return std::nullopt;
  const CodeRange& function = *--next;
  if (address - function.address > function.size) return std::nullopt;
  return function.address;
}

}  // namespace triptych::coroutine::discover
