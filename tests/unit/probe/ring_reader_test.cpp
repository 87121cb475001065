// SPDX-License-Identifier: Apache-2.0
#include "probe/ring_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace triptych::probe {
namespace {

constexpr std::size_t kRingBytes = 2 * TRIPTYCH_RING_BLOCK;

// Writes as bpf/lib/ring.bpf.h does.
class RingReaderTest : public testing::Test {
 protected:
  // Room for `size` bytes, and what closes the block if they do not fit into it; null if it is
  // full.
  triptych_hdr* take(std::size_t size) {
    const std::size_t room =
        (size + TRIPTYCH_RING_ALIGN - 1) / TRIPTYCH_RING_ALIGN * TRIPTYCH_RING_ALIGN;
    const std::size_t left = TRIPTYCH_RING_BLOCK - ends_.head % TRIPTYCH_RING_BLOCK;
    const std::uint64_t begin = left < room ? ends_.head + left : ends_.head;
    if (begin + room - ends_.tail > kRingBytes) return nullptr;
    if (begin != ends_.head) at(ends_.head)->size8 = static_cast<__u8>(left / 8);
    ends_.head = begin + room;
    return at(begin);
  }

  bool write(std::size_t size) {
    triptych_hdr* hdr = take(size);
    if (hdr == nullptr) return false;
    EXPECT_TRUE(is_zero(hdr, size)) << "the room of a new record is not clear";
    hdr->ts_ns = ++written_;
    hdr->kind = TRIPTYCH_EV_SWITCH;
    std::memset(hdr + 1, 0xff, size - sizeof *hdr);
    hdr->size8 = static_cast<__u8>(size / 8);
    return true;
  }

  // The numbers of the records that are there, which have to follow one another.
  std::uint64_t drain() {
    const Result<void> done = reader_.drain([&](std::span<const std::byte> record) -> Result<void> {
      const auto* hdr = reinterpret_cast<const triptych_hdr*>(record.data());
      EXPECT_EQ(hdr->ts_ns, ++read_);
      EXPECT_EQ(hdr->size8 * 8u, record.size());
      return {};
    });
    EXPECT_TRUE(done);
    return read_;
  }

  static bool is_zero(const void* bytes, std::size_t size) {
    const auto* at = static_cast<const std::byte*>(bytes);
    return std::all_of(at, at + size, [](std::byte byte) { return byte == std::byte{}; });
  }
  triptych_hdr* at(std::uint64_t position) {
    return reinterpret_cast<triptych_hdr*>(&bytes_[position % kRingBytes]);
  }

  triptych_ring_ends ends_{};
  std::vector<std::byte> bytes_ = std::vector<std::byte>(kRingBytes);
  RingReader reader_{&ends_, bytes_};
  std::uint64_t written_ = 0, read_ = 0;
};

TEST_F(RingReaderTest, ReadsAllSizesRoundAndRound) {
  // Sizes that leave every multiple of the alignment at the ends of blocks.
  std::size_t size = sizeof(triptych_hdr);
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 40; ++i) {
      ASSERT_TRUE(write(size));
      size = size >= 2000 ? sizeof(triptych_hdr) : size + 8;
    }
    EXPECT_EQ(drain(), written_);
    EXPECT_EQ(ends_.tail, ends_.head);
  }
  EXPECT_GT(ends_.head, 20 * kRingBytes);
  EXPECT_TRUE(is_zero(bytes_.data(), bytes_.size())) << "what was read has to be cleared";
}

TEST_F(RingReaderTest, WaitsForTheRecordThatIsBeingWritten) {
  ASSERT_TRUE(write(32));
  triptych_hdr* slow = take(48);
  ASSERT_TRUE(write(32));
  EXPECT_EQ(drain(), 1u);
  --written_;  // the slow one is the second, the one after it the third
  slow->ts_ns = 2;
  at(ends_.head - 32)->ts_ns = 3;
  slow->kind = TRIPTYCH_EV_SWITCH;
  slow->size8 = 48 / 8;
  EXPECT_EQ(drain(), 3u);
}

TEST_F(RingReaderTest, LeavesOutWhatWasGivenUp) {
  ASSERT_TRUE(write(32));
  take(64)->size8 = 64 / 8;  // kind TRIPTYCH_EV_INVALID
  ASSERT_TRUE(write(32));
  EXPECT_EQ(drain(), 2u);
}

TEST_F(RingReaderTest, AFullRingCanBeUsedAgain) {
  while (write(48)) {
  }
  const std::uint64_t first = written_;
  EXPECT_EQ(first, 2 * (TRIPTYCH_RING_BLOCK / 48));
  EXPECT_EQ(drain(), first);
  while (write(48)) {
  }
  EXPECT_EQ(drain(), written_);
  EXPECT_EQ(written_, 2 * first);
}

TEST_F(RingReaderTest, EndsWithWhatTheSinkSays) {
  ASSERT_TRUE(write(32));
  const Result<void> refused =
      reader_.drain([](std::span<const std::byte>) -> Result<void> { return fail("full"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "full");
}

}  // namespace
}  // namespace triptych::probe
