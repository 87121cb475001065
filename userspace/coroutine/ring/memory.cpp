// SPDX-License-Identifier: Apache-2.0
#include "coroutine/ring/memory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace triptych::coroutine::ring {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

template <class T>
T load(const std::byte* at) {
  return __atomic_load_n(static_cast<const T*>(static_cast<const void*>(at)), __ATOMIC_RELAXED);
}

template <class T>
T load_acquire(const std::byte* at) {
  return __atomic_load_n(static_cast<const T*>(static_cast<const void*>(at)), __ATOMIC_ACQUIRE);
}

tl::unexpected<Error> strange(const char* what) {
  return fail(std::string("the memory of a coroutine recorder ") + what,
              "was the program built with another version of triptych's library?");
}

bool is_ring_size(std::uint64_t bytes) {
  return bytes >= TRIPTYCH_CORO_RING_BYTES_MIN && bytes <= TRIPTYCH_CORO_RING_BYTES_MAX &&
         (bytes & (bytes - 1)) == 0;
}

}  // namespace

Result<Memory> Memory::open(UniqueFd fd) {
  // First of all: only a memfd answers, so nothing that is done next can hang. Without the first
  // two seals a program could cut off what we read; with others we could not arm it.
  if (::fcntl(fd.get(), F_GET_SEALS) != kSeals) return strange("is not sealed as it should be");
  struct ::stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno("cannot look at a memfd", errno);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < triptych_coro_total_bytes(TRIPTYCH_CORO_RING_BYTES_MIN) ||
      size > triptych_coro_total_bytes(TRIPTYCH_CORO_RING_BYTES_MAX)) {
    return strange("has an impossible size");
  }
  Memory memory;
  TRIPTYCH_TRY_ASSIGN(memory.mapping_, SharedMapping::map(fd.get(), size, PROT_READ));
  memory.fd_ = std::move(fd);
  memory.inode_ = status.st_ino;
  triptych_coro_header header{};
  std::memcpy(&header, memory.data(), sizeof header);
  if (header.magic != TRIPTYCH_CORO_MAGIC || header.version != TRIPTYCH_CORO_VERSION) {
    return strange("is of another version");
  }
  if (!is_ring_size(header.ring_bytes) || triptych_coro_total_bytes(header.ring_bytes) != size ||
      (header.clock != TRIPTYCH_CORO_CLOCK_TSC && header.clock != TRIPTYCH_CORO_CLOCK_MONOTONIC)) {
    return strange("contradicts itself");
  }
  memory.ring_bytes_ = header.ring_bytes;
  memory.clock_ = header.clock;
  return memory;
}

const std::byte* Memory::slot_at(std::uint32_t slot) const {
  return data() + triptych_coro_slots_offset() + slot * triptych_coro_slot_stride();
}

std::uint32_t Memory::armed() const {
  return load<std::uint32_t>(data() + offsetof(triptych_coro_header, armed));
}

std::uint64_t Memory::armed_until() const {
  return load<std::uint64_t>(data() + offsetof(triptych_coro_header, armed_until));
}

template <class T>
Result<void> Memory::put(T value, std::size_t offset) const {
  const ssize_t done = ::pwrite(fd_.get(), &value, sizeof value, static_cast<off_t>(offset));
  if (done == sizeof value) return {};
  return fail_errno("cannot arm a coroutine recorder", done < 0 ? errno : EIO);
}

Result<void> Memory::arm(std::uint32_t number) const {
  return put(number, offsetof(triptych_coro_header, armed));
}

Result<void> Memory::answer_until(std::uint64_t stamp) const {
  return put(stamp, offsetof(triptych_coro_header, armed_until));
}

void Memory::free_slot(std::uint32_t slot) const {
  const std::uint32_t free = 0;
  const auto offset = static_cast<off_t>(slot_at(slot) - data()) +
                      static_cast<off_t>(offsetof(triptych_coro_slot, state));
  // Where it fails, the program has a slot less.
  if (::pwrite(fd_.get(), &free, sizeof free, offset) < 0) return;
}

std::uint32_t Memory::slots_used() const {
  return std::min(load_acquire<std::uint32_t>(data() + offsetof(triptych_coro_header, slots_used)),
                  TRIPTYCH_CORO_SLOTS);
}

std::uint64_t Memory::no_slot_events() const {
  return load<std::uint64_t>(data() + offsetof(triptych_coro_header, no_slot_events));
}

std::uint64_t Memory::head(std::uint32_t slot) const {
  return load_acquire<std::uint64_t>(slot_at(slot) + offsetof(triptych_coro_slot, head));
}

SlotState Memory::slot(std::uint32_t slot) const {
  const std::byte* at = slot_at(slot);
  SlotState state;
  state.claim_head = load_acquire<std::uint64_t>(at + offsetof(triptych_coro_slot, claim_head));
  state.state = load<std::uint32_t>(at + offsetof(triptych_coro_slot, state));
  state.tid = load<std::uint32_t>(at + offsetof(triptych_coro_slot, tid));
  return state;
}

triptych_coro_event Memory::event(std::uint32_t slot, std::uint64_t position) const {
  const std::byte* at = data() + triptych_coro_rings_offset() + slot * ring_bytes_ +
                        (position & (ring_events() - 1)) * sizeof(triptych_coro_event);
  return {load<std::uint64_t>(at + offsetof(triptych_coro_event, stamp)),
          load<std::uint64_t>(at + offsetof(triptych_coro_event, what))};
}

triptych_coro_totals Memory::totals(std::uint32_t slot, std::uint32_t function) const {
  const std::byte* at = slot_at(slot) + offsetof(triptych_coro_slot, totals) +
                        function * sizeof(triptych_coro_totals);
  const auto field = [at](std::size_t offset) { return load<std::uint64_t>(at + offset); };
  return {field(offsetof(triptych_coro_totals, created)),
          field(offsetof(triptych_coro_totals, resumed)),
          field(offsetof(triptych_coro_totals, suspended)),
          field(offsetof(triptych_coro_totals, finished)),
          field(offsetof(triptych_coro_totals, destroyed)),
          field(offsetof(triptych_coro_totals, mounted))};
}

bool Memory::function_used(std::uint32_t index) const {
  return load<std::uint64_t>(data() + TRIPTYCH_CORO_HEADER_BYTES +
                             index * sizeof(triptych_coro_function_entry) +
                             offsetof(triptych_coro_function_entry, address)) != 0;
}

std::optional<FunctionEntry> Memory::function(std::uint32_t index) const {
  const std::byte* at =
      data() + TRIPTYCH_CORO_HEADER_BYTES + index * sizeof(triptych_coro_function_entry);
  if (load_acquire<std::uint32_t>(at + offsetof(triptych_coro_function_entry, state)) !=
      TRIPTYCH_CORO_FUNCTION_READY) {
    return std::nullopt;
  }
  triptych_coro_function_entry entry{};
  std::memcpy(&entry, at, sizeof entry);
  return FunctionEntry{entry.address, entry.line,
                       std::string(entry.name, ::strnlen(entry.name, sizeof entry.name))};
}

}  // namespace triptych::coroutine::ring
