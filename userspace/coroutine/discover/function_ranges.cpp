// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/function_ranges.hpp"

#include <algorithm>
#include <map>
#include <span>

#include "coroutine/discover/byte_reader.hpp"

namespace triptych::coroutine::discover {
namespace {

// How an address is written: DW_EH_PE_, of which compilers for x86-64 use these.
constexpr std::uint8_t kAbsolute8 = 0x00;
constexpr std::uint8_t kAbsolute4 = 0x03;
constexpr std::uint8_t kRelative4 = 0x1b;  // to where it is written, signed
constexpr std::uint8_t kRelative8 = 0x1c;
constexpr std::uint8_t kUnknownEncoding = 0xff;

// "zPLR" says what the data after it is: the encodings come in the same order.
std::uint8_t read_encoding(std::span<const std::byte> common) {
  ByteReader reader(common);
  const auto version = reader.number<std::uint8_t>();
  const auto augmentation = probes::text_at(common, reader.at());
  if (!augmentation) return kUnknownEncoding;
  if (augmentation->empty()) return kAbsolute8;
  if (augmentation->front() != 'z') return kUnknownEncoding;
  reader.skip(augmentation->size() + 1);
  reader.uleb();  // of code
  reader.uleb();  // of data; signed, as long
  if (version == 1) {
    reader.skip(1);
  } else {
    reader.uleb();  // the return address's register
  }
  reader.uleb();  // size of what follows
  for (const char each : augmentation->substr(1)) {
    if (each == 'R') return reader.failed() ? kUnknownEncoding : reader.number<std::uint8_t>();
    if (each == 'L') {
      reader.skip(1);
    } else if (each == 'P') {
      const auto encoding = reader.number<std::uint8_t>();
      const bool wide = (encoding & 0x0f) == 0x00 || (encoding & 0x0f) == 0x0c;
      reader.skip(wide ? 8 : 4);
    } else if (each != 'S' && each != 'B') {
      return kUnknownEncoding;
    }
  }
  return kAbsolute8;
}

std::optional<FunctionRange> read_range(std::span<const std::byte> bytes, std::uint64_t address,
                                        std::uint8_t encoding) {
  ByteReader reader(bytes);
  FunctionRange range;
  std::uint64_t size = 0;
  switch (encoding) {
    case kAbsolute8:
      range.begin = reader.number<std::uint64_t>();
      size = reader.number<std::uint64_t>();
      break;
    case kAbsolute4:
      range.begin = reader.number<std::uint32_t>();
      size = reader.number<std::uint32_t>();
      break;
    case kRelative4:
      range.begin =
          address + static_cast<std::uint64_t>(std::int64_t{reader.number<std::int32_t>()});
      size = reader.number<std::uint32_t>();
      break;
    case kRelative8:
      range.begin = address + reader.number<std::uint64_t>();
      size = reader.number<std::uint64_t>();
      break;
    default:
      return std::nullopt;
  }
  range.end = range.begin + size;
  if (reader.failed() || range.end <= range.begin) return std::nullopt;
  return range;
}

}  // namespace

Result<FunctionRanges> FunctionRanges::read(const probes::ElfFile& file) {
  FunctionRanges found;
  const probes::Section* section = file.section(".eh_frame");
  if (section == nullptr) return found;
  TRIPTYCH_TRY_ASSIGN(const std::vector<std::byte> bytes, file.read(*section));
  std::map<std::size_t, std::uint8_t> encodings;  // by where the common part is
  ByteReader reader(bytes);
  while (reader.left() >= sizeof(std::uint32_t)) {
    const auto size = reader.number<std::uint32_t>();
    // The end; or one of more than 4 GB, which is nonsense.
    if (size == 0 || size == 0xffffffff || size > reader.left() || size < 4) break;
    const std::size_t begin = reader.at();
    const auto back = reader.number<std::uint32_t>();
    const auto body = std::span(bytes).subspan(begin + 4, size - 4);
    if (back == 0) {
      encodings[begin - 4] = read_encoding(body);
    } else if (back <= begin) {
      const auto common = encodings.find(begin - back);
      if (common != encodings.end()) {
        const auto range = read_range(body, section->address + begin + 4, common->second);
        if (range) found.ranges_.push_back(*range);
      }
    }
    reader.skip(size - 4);
  }
  std::sort(found.ranges_.begin(), found.ranges_.end(),
            [](const FunctionRange& a, const FunctionRange& b) { return a.begin < b.begin; });
  return found;
}

std::optional<FunctionRange> FunctionRanges::around(std::uint64_t address) const {
  const auto after = std::upper_bound(
      ranges_.begin(), ranges_.end(), address,
      [](std::uint64_t at, const FunctionRange& range) { return at < range.begin; });
  if (after == ranges_.begin()) return std::nullopt;
  const FunctionRange& range = *(after - 1);
  if (address >= range.end) return std::nullopt;
  return range;
}

}  // namespace triptych::coroutine::discover
