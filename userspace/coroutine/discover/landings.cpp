// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/landings.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "coroutine/discover/places.hpp"

namespace triptych::coroutine::discover {
namespace {

constexpr std::uint64_t kMostText = 64 << 20;
constexpr std::size_t kMostLandings = 2000;
constexpr int kMostRounds = 8;  // wrappers of wrappers
constexpr std::uint8_t kNoRegister = 0xff;

bool is_indirect(const Instruction& instruction, std::uint8_t what) {
  return instruction.is_one_byte(0xff) && (instruction.modrm >> 3 & 7) == what;
}
bool is_indirect_call(const Instruction& instruction) {
  return is_indirect(instruction, 2);
}
bool is_indirect_jump(const Instruction& instruction) {
  return is_indirect(instruction, 4);
}

// The register of an operand NUMBER(%register).
std::uint8_t base_of(const Instruction& instruction, std::int32_t number) {
  return instruction.displacement == number ? instruction.base().value_or(kNoRegister)
                                            : kNoRegister;
}

}  // namespace

void Landings::Track::clear() {
  std::fill(std::begin(slots_), std::end(slots_), 0);
  std::fill(std::begin(loaded_from_), std::end(loaded_from_), kNoRegister);
  first_argument_is_ = kRdi;
}

void Landings::Track::follow(const Instruction& each, std::uint64_t address) {
  if (is_call(each) || is_conditional_jump(each) || ends_straight_line(each) ||
      is_indirect_call(each)) {
    clear();
    return;
  }
  const bool stores = each.is_one_byte(0x89);
  if (!each.is_wide() || (!stores && !each.is_one_byte(0x8b))) return;
  if (each.mod() == 3) {
    const std::uint8_t to = stores ? each.rm() : each.reg();
    loaded_from_[to] = kNoRegister;
    slots_[to] = 0;
    if (to == kRdi) first_argument_is_ = stores ? each.reg() : each.rm();
  } else if (!stores) {
    loaded_from_[each.reg()] = base_of(each, table_.value_or(0));
    slots_[each.reg()] = rip_target(each, address).value_or(0);
    if (each.reg() == kRdi) first_argument_is_ = kRdi;
  }
}

bool Landings::Track::goes_by_frame(const Instruction& instruction) const {
  std::uint8_t frame = kNoRegister;
  if (instruction.mod() == 3) {
    if (!table_) frame = loaded_from_[instruction.rm()];
  } else {
    frame = base_of(instruction, 0);
    if (table_ && frame != kNoRegister) frame = loaded_from_[frame];
  }
  return frame != kNoRegister && (frame == kRdi || frame == first_argument_is_);
}

Landings::Landings(const probes::ElfFile& file, Resuming resuming, std::vector<CodeRange> functions)
    : file_(file),
      resuming_(std::move(resuming)),
      functions_(std::move(functions)),
      track_(resuming_.table) {
  std::sort(functions_.begin(), functions_.end(),
            [](const CodeRange& a, const CodeRange& b) { return a.address < b.address; });
}

std::vector<std::uint64_t> Landings::find() {
  std::size_t known = 0;
  for (int round = 0; round < kMostRounds; ++round) {
    sweep_text(round == 0);
    if (wrappers_.size() == known) break;
    known = wrappers_.size();
    for (const auto& [function, returns] : wrappers_) resuming_.functions.insert(function);
  }
  land_wrapped();
  for (const std::uint64_t function : landed_) {
    const auto wrapper = wrappers_.find(function);
    if (wrapper == wrappers_.end()) continue;
    returns_.insert(wrapper->second.begin(), wrapper->second.end());
  }
  return {returns_.begin(), returns_.end()};
}

// A wrapper whose caller is one lands where that one does.
void Landings::land_wrapped() {
  for (bool more = true; more;) {
    more = false;
    for (const auto& [function, callers] : wrapped_) {
      if (landed_.contains(function)) continue;
      const bool lands = std::any_of(callers.begin(), callers.end(), [this](std::uint64_t caller) {
        return landed_.contains(caller);
      });
      if (lands) landed_.insert(function);
      more = more || lands;
    }
  }
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
              track_.follow(each, here);
              return true;
            });
      done = behind - section.address + 1;  // data between functions
    }
  }
}

void Landings::look_at(std::uint64_t address, const Instruction& instruction, bool indirect,
                       std::uint64_t behind, std::span<const std::byte> code) {
  const auto target = called_by(instruction, address);
  if (target && resuming_.functions.contains(*target)) {
    come_back(behind, code);
    if (places_.size() < kMostLandings && returns_.contains(behind)) landed_.insert(*target);
    const auto wrapper = function_of(address);
    if (wrapper && wrappers_.contains(*wrapper)) wrapped_[*target].insert(*wrapper);
  } else if (is_indirect_call(instruction)) {
    if (indirect && resumes(instruction, address)) come_back(behind, code);
  } else if (ends_with_resuming(instruction, address, indirect)) {
    // Its caller is who is returned to.
    const auto function = function_of(address);
    if (function && !resuming_.functions.contains(*function)) wrappers_[*function];
  }
}

std::optional<std::uint64_t> Landings::called_by(const Instruction& instruction,
                                                 std::uint64_t address) const {
  if (is_call(instruction)) return branch_target(instruction, address);
  if (!is_indirect_call(instruction)) return std::nullopt;
  const auto known =
      resuming_.slots.find(rip_target(instruction, address).value_or(track_.slot_of(instruction)));
  return known == resuming_.slots.end() ? std::nullopt : std::optional(known->second);
}

bool Landings::resumes(const Instruction& instruction, std::uint64_t address) const {
  if (track_.goes_by_frame(instruction)) return true;
  if (resuming_.callers.empty() || instruction.mod() != 3) return false;
  const auto function = function_of(address);
  return function && resuming_.callers.contains(*function);
}

bool Landings::ends_with_resuming(const Instruction& instruction, std::uint64_t address,
                                  bool indirect) const {
  if (is_indirect_jump(instruction)) return indirect && track_.goes_by_frame(instruction);
  const auto target = branch_target(instruction, address);
  return is_jump(instruction) && resuming_.functions.contains(*target);
}

void Landings::come_back(std::uint64_t address, std::span<const std::byte> code) {
  if (places_.size() == kMostLandings) return;
  const Landing landing = landing_place(code.first(std::min(code.size(), kLandingBytes)), address,
                                        resuming_.calls_before_landing);
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
