// SPDX-License-Identifier: Apache-2.0
#include "symbol/capture/map_watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace triptych::symbol::capture {
namespace {

constexpr std::size_t kDataBytes = 512 << 10;  // a power of two
constexpr std::size_t kMostMapsText = 16 << 20;

// Invalid: errno says why.
UniqueFd open_event(int cpu) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_DUMMY;
  attr.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU;
  attr.sample_id_all = 1;
  attr.disabled = 1;
  attr.mmap = 1;
  attr.mmap2 = 1;
  attr.build_id = 1;
  attr.comm = 1;
  attr.comm_exec = 1;
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  return UniqueFd(
      static_cast<int>(::syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
}

// Since Linux 6.11: one mapping, with its build id, of a descriptor of /proc/PID/maps.
struct MapQuery {
  std::uint64_t size;
  std::uint64_t query_flags;
  std::uint64_t query_address;
  std::uint64_t start;
  std::uint64_t end;
  std::uint64_t flags;
  std::uint64_t page_size;
  std::uint64_t offset;
  std::uint64_t inode;
  std::uint32_t device_major;
  std::uint32_t device_minor;
  std::uint32_t name_size;
  std::uint32_t build_id_size;
  std::uint64_t name_address;
  std::uint64_t build_id_address;
};
constexpr unsigned long kMapQuery = _IOWR('f', 17, MapQuery);

// Who has no such kernel has the device and the inode.
void ask_build_id(int maps, MapEvent& event) {
  std::array<std::uint8_t, 20> id{};
  MapQuery query{};
  query.size = sizeof query;
  query.query_address = event.start;
  query.build_id_size = id.size();
  query.build_id_address = reinterpret_cast<std::uint64_t>(id.data());
  if (::ioctl(maps, kMapQuery, &query) != 0 || query.start != event.start) return;
  event.build_id = id;
  event.build_id_size =
      static_cast<std::uint8_t>(std::min<std::size_t>(query.build_id_size, id.size()));
}

std::string read_text(int fd) {
  std::string text;
  std::size_t size = 0;
  ssize_t got = 0;
  do {
    text.resize(size + (64 << 10));
    got = ::read(fd, text.data() + size, text.size() - size);
    if (got > 0) size += static_cast<std::size_t>(got);
  } while ((got > 0 && size < kMostMapsText) || (got < 0 && errno == EINTR));
  text.resize(size);
  return text;
}

}  // namespace

Result<MapWatch> MapWatch::open(std::uint32_t cpus) {
  MapWatch watch;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
    UniqueFd event = open_event(static_cast<int>(cpu));
    if (!event && errno == ENODEV) continue;  // offline
    if (!event) return fail_errno("watch what code is mapped", errno);
    TRIPTYCH_TRY_ASSIGN(SharedMapping memory,
                        SharedMapping::map(event.get(), page + kDataBytes, PROT_READ | PROT_WRITE));
    watch.buffers_.push_back({std::move(event), std::move(memory)});
  }
  return watch;
}

Result<void> MapWatch::begin() const {
  for (const Buffer& buffer : buffers_) {
    if (::ioctl(buffer.event.get(), PERF_EVENT_IOC_ENABLE, 0) != 0) {
      return fail_errno("watch what code is mapped", errno);
    }
  }
  return {};
}

void MapWatch::look() {
  for (Buffer& buffer : buffers_) {
    const auto* page = reinterpret_cast<const perf_event_mmap_page*>(buffer.memory.bytes().data());
    buffer.seen = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
  }
}

void MapWatch::read(Buffer& buffer, std::vector<MapEvent>& events) {
  auto* page = reinterpret_cast<perf_event_mmap_page*>(buffer.memory.bytes().data());
  const std::span<const std::byte> data =
      buffer.memory.bytes().subspan(buffer.memory.bytes().size() - kDataBytes);
  std::uint64_t at = page->data_tail;
  std::vector<std::byte> record;
  while (buffer.seen - at >= sizeof(perf_event_header) && at < buffer.seen) {
    const auto copy = [&](std::size_t size) {
      record.resize(size);
      const std::size_t offset = at & (kDataBytes - 1);
      const std::size_t first = std::min(size, kDataBytes - offset);
      std::memcpy(record.data(), data.data() + offset, first);
      std::memcpy(record.data() + first, data.data(), size - first);
    };
    copy(sizeof(perf_event_header));
    perf_event_header header;
    std::memcpy(&header, record.data(), sizeof header);
    if (header.size < sizeof header || header.size > buffer.seen - at) {
      at = buffer.seen;  // never; rather lose what is there than stay
      break;
    }
    copy(header.size);
    PerfRecord parsed = parse_perf_record(record);
    lost_ += parsed.lost;
    for (MapEvent& event : parsed.events) events.push_back(std::move(event));
    at += header.size;
  }
  __atomic_store_n(&page->data_tail, at, __ATOMIC_RELEASE);
}

std::vector<MapEvent> MapWatch::take() {
  std::vector<MapEvent> events;
  for (Buffer& buffer : buffers_) read(buffer, events);
  std::stable_sort(events.begin(), events.end(),
                   [](const MapEvent& a, const MapEvent& b) { return a.ts_ns < b.ts_ns; });
  return events;
}

std::vector<MapEvent> maps_of_process(model::Tid tgid) {
  const UniqueFd maps(::open(fmt::format("/proc/{}/maps", tgid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!maps) return {};
  std::vector<MapEvent> events = parse_process_maps(read_text(maps.get()));
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  for (MapEvent& event : events) {
    event.tgid = tgid;
    event.there = true;
    event.ts_ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
                  static_cast<std::uint64_t>(now.tv_nsec);
    if (event.inode != 0) ask_build_id(maps.get(), event);
  }
  return events;
}

}  // namespace triptych::symbol::capture
