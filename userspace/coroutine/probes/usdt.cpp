// SPDX-License-Identifier: Apache-2.0
#include "coroutine/probes/usdt.hpp"

#include <elf.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>

#include "base/text.hpp"
#include "coroutine/probes/operand.hpp"

namespace triptych::coroutine::probes {
namespace {

constexpr std::uint32_t kMarkerNote = 3;
constexpr std::string_view kNoteOwner = "stapsdt";
constexpr std::byte kNop{0x90};

constexpr std::uint64_t round_up(std::uint64_t size) {
  return (size + 3) & ~std::uint64_t{3};
}

// location, base, semaphore, then three texts.
std::optional<Marker> parse_marker(std::span<const std::byte> bytes, std::uint64_t base) {
  std::array<std::uint64_t, 3> numbers{};
  if (bytes.size() < sizeof numbers) return std::nullopt;
  std::memcpy(numbers.data(), bytes.data(), sizeof numbers);
  Marker marker;
  // Whoever moved the sections (prelink) left the notes as they were.
  const std::uint64_t moved = base != 0 ? base - numbers[1] : 0;
  marker.address = numbers[0] + moved;
  marker.semaphore = numbers[2] != 0 ? numbers[2] + moved : 0;
  std::uint64_t at = sizeof numbers;
  for (std::string* text : {&marker.provider, &marker.name, &marker.arguments}) {
    const auto found = text_at(bytes, at);
    if (!found) return std::nullopt;
    *text = *found;
    at += found->size() + 1;
  }
  return marker;
}

tl::unexpected<Error> not_to_be_probed(const Marker& marker, std::string_view why) {
  return fail(fmt::format("the marker {} at {:#x} cannot be probed: {}", escape(marker.name),
                          marker.address, why),
              "<triptych/usdt.h> makes markers that can");
}

// Null: none.
const MarkerMeaning* meaning_of(const Marker& marker, const MarkerTable& table) {
  for (const MarkerMeaning& each : table) {
    if (each.provider == marker.provider && each.name == marker.name) return &each;
  }
  return nullptr;
}

Result<Place> plan_marker(const ElfFile& file, const Marker& marker, const MarkerMeaning& meaning) {
  const auto operands = parse_operands(marker.arguments);
  const std::size_t needed = std::max({meaning.id, meaning.second, meaning.arguments});
  if (!operands || operands->size() < needed ||
      (meaning.arguments != 0 && operands->size() != meaning.arguments)) {
    return not_to_be_probed(
        marker, fmt::format("its arguments are not understood: {}", quote(marker.arguments)));
  }
  const auto offset = file.code_offset(marker.address);
  if (!offset) return not_to_be_probed(marker, "there is no code");
  TRIPTYCH_TRY_ASSIGN(const std::vector<std::byte> instruction, file.read(*offset, 1));
  if (instruction.front() != kNop) {
    return not_to_be_probed(marker, "its instruction is not a nop of one byte");
  }
  Place place;
  place.offset = *offset;
  place.site.id = (*operands)[meaning.id - 1];
  if (meaning.second != 0) place.site.second = (*operands)[meaning.second - 1];
  place.site.address = marker.address;
  place.site.what = meaning.what;
  place.site.source = TRIPTYCH_COROUTINE_USDT;
  if (marker.semaphore == 0) return place;
  // The kernel adds one to this word of every process that maps it, as long as the place is probed.
  const auto watchers = file.variable_offset(marker.semaphore);
  if (!watchers || *watchers % sizeof(std::uint16_t) != 0) {
    return not_to_be_probed(marker, "its semaphore is no variable of the program");
  }
  place.watchers = *watchers;
  return place;
}

}  // namespace

Result<std::vector<Marker>> read_markers(const ElfFile& file) {
  std::vector<Marker> markers;
  const Section* base = file.section(".stapsdt.base");
  for (const Section& section : file.sections()) {
    if (section.type != SHT_NOTE || section.name != ".note.stapsdt") continue;
    TRIPTYCH_TRY_ASSIGN(const std::vector<std::byte> bytes, file.read(section));
    std::span<const std::byte> rest(bytes);
    while (!rest.empty()) {
      Elf64_Nhdr header{};
      if (rest.size() < sizeof header) return fail("damaged notes of markers");
      std::memcpy(&header, rest.data(), sizeof header);
      rest = rest.subspan(sizeof header);
      const std::uint64_t owner = round_up(header.n_namesz), body = header.n_descsz;
      if (owner > rest.size() || body > rest.size() - owner) {
        return fail("damaged notes of markers");
      }
      if (header.n_type == kMarkerNote && text_at(rest.first(owner), 0) == kNoteOwner) {
        auto marker = parse_marker(rest.subspan(owner, body), base != nullptr ? base->address : 0);
        if (!marker) return fail("damaged notes of markers");
        markers.push_back(std::move(*marker));
      }
      rest = rest.subspan(std::min<std::uint64_t>(owner + round_up(body), rest.size()));
    }
  }
  return markers;
}

Result<std::vector<Place>> plan_markers(const ElfFile& file, const MarkerTable& table) {
  TRIPTYCH_TRY_ASSIGN(const std::vector<Marker> markers, read_markers(file));
  const bool has_our_own = std::any_of(table.begin(), table.end(), [](const MarkerMeaning& each) {
    return each.provider == kOwnProvider;
  });
  std::vector<Place> places;
  for (const Marker& marker : markers) {
    const MarkerMeaning* meaning = meaning_of(marker, table);
    if (meaning == nullptr && marker.provider == kOwnProvider && has_our_own) {
      return not_to_be_probed(marker, "triptych has no such marker");
    }
    if (meaning == nullptr) continue;
    TRIPTYCH_TRY_ASSIGN(const Place place, plan_marker(file, marker, *meaning));
    places.push_back(place);
  }
  return places;
}

bool is_hit(std::span<const std::byte> record) {
  return record.size() >= sizeof(triptych_hdr) &&
         record[offsetof(triptych_hdr, kind)] == std::byte{TRIPTYCH_EV_COROUTINE};
}

}  // namespace triptych::coroutine::probes
