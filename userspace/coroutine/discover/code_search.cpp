// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/code_search.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace triptych::coroutine::discover {
namespace {

constexpr std::array kCall = {std::byte{0xe8}};
constexpr std::array kJump = {std::byte{0xe9}};
constexpr std::array kCallThrough = {std::byte{0xff}, std::byte{0x15}};
constexpr std::array kJumpThrough = {std::byte{0xff}, std::byte{0x25}};
constexpr std::uint64_t kStubAlignment = 8;

}  // namespace

Result<CodeSearch> CodeSearch::read(const probes::ElfFile& file) {
  CodeSearch found;
  for (const probes::Section& each : file.sections()) {
    if (each.type != SHT_PROGBITS || !file.code_offset(each.address)) continue;
    const std::string_view name = each.name;
    if (!name.starts_with(".text") && !name.starts_with(".plt")) continue;
    TRIPTYCH_TRY_ASSIGN(std::vector<std::byte> bytes, file.read(each));
    found.parts_.push_back({each.address, std::move(bytes), name.starts_with(".plt")});
  }
  return found;
}

std::vector<std::uint64_t> CodeSearch::find(std::span<const std::byte> instruction,
                                            std::uint64_t target) const {
  std::vector<std::uint64_t> found;
  for (const Part& part : parts_) {
    const std::size_t whole = instruction.size() + sizeof(std::int32_t);
    for (auto at = part.bytes.begin();; ++at) {
      at = std::search(at, part.bytes.end(), instruction.begin(), instruction.end());
      const auto into = static_cast<std::size_t>(at - part.bytes.begin());
      if (part.bytes.size() - into < whole) break;
      std::int32_t distance = 0;
      std::memcpy(&distance, part.bytes.data() + into + instruction.size(), sizeof distance);
      const std::uint64_t address = part.address + into;
      if (address + whole + static_cast<std::uint64_t>(std::int64_t{distance}) == target) {
        found.push_back(address);
      }
    }
  }
  return found;
}

std::vector<std::uint64_t> CodeSearch::calls(std::uint64_t target) const {
  return find(kCall, target);
}

std::vector<std::uint64_t> CodeSearch::jumps(std::uint64_t target) const {
  return find(kJump, target);
}

std::vector<std::uint64_t> CodeSearch::calls_through(std::uint64_t slot) const {
  return find(kCallThrough, slot);
}

// Before the jump there may be an endbr64 and a prefix. A stub has 16 bytes, or 8.
std::vector<std::uint64_t> CodeSearch::stubs(std::uint64_t slot) const {
  std::vector<std::uint64_t> found;
  for (const std::uint64_t address : find(kJumpThrough, slot)) {
    const bool is_stub = std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) {
      return part.is_stubs && address - part.address < part.bytes.size();
    });
    if (is_stub) found.push_back(address / kStubAlignment * kStubAlignment);
  }
  return found;
}

std::vector<std::uint64_t> CodeSearch::matches(
    std::span<const std::optional<std::byte>> bytes) const {
  const auto same = [](std::byte there, std::optional<std::byte> wanted) {
    return !wanted || there == *wanted;
  };
  std::vector<std::uint64_t> found;
  for (const Part& part : parts_) {
    for (auto at = part.bytes.begin();; ++at) {
      at = std::search(at, part.bytes.end(), bytes.begin(), bytes.end(), same);
      if (at == part.bytes.end()) break;
      found.push_back(part.address + static_cast<std::uint64_t>(at - part.bytes.begin()));
    }
  }
  return found;
}

std::span<const std::byte> CodeSearch::at(std::uint64_t address, std::size_t size) const {
  for (const Part& part : parts_) {
    const std::uint64_t into = address - part.address;
    if (address < part.address || into >= part.bytes.size()) continue;
    const auto rest = std::span(part.bytes).subspan(static_cast<std::size_t>(into));
    return rest.first(std::min(size, rest.size()));
  }
  return {};
}

}  // namespace triptych::coroutine::discover
