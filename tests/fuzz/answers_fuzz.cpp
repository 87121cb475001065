// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a reader of programs answers. What is taken can be told again, and comes back
// the same.
#include <cstdint>
#include <span>

#include "base/check.hpp"
#include "coroutine/reader/encoding.hpp"

namespace {

using namespace triptych::coroutine::reader;

template <class Decode>
void expect_steady(std::span<const std::byte> bytes, const Decode& decode) {
  const auto answer = decode(bytes);
  if (!answer) return;
  const Bytes told = encode(*answer);
  const auto again = decode(std::span<const std::byte>(told));
  TRIPTYCH_CHECK(again && encode(*again) == told);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::uint64_t kFileSize = 1 << 20;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  switch (data[0] % 4) {
    case 0:
      expect_steady(bytes, [](auto answer) { return decode_examined(answer, kFileSize); });
      break;
    case 1:
      expect_steady(bytes, [](auto answer) { return decode_python_part(answer); });
      break;
    case 2:
      expect_steady(bytes, [](auto answer) { return decode_discovery(answer, kFileSize); });
      break;
    default:
      expect_steady(bytes, [](auto answer) { return decode_landing(answer, kFileSize); });
      break;
  }
  return 0;
}
