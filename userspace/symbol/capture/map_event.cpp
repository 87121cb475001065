// SPDX-License-Identifier: Apache-2.0
#include "symbol/capture/map_event.hpp"

#include <linux/perf_event.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "abi/stacks.h"

namespace triptych::symbol::capture {
namespace {

// Behind every record: sample_id_all with TID, TIME and CPU.
struct SampleId {
  std::uint32_t tgid;
  std::uint32_t tid;
  std::uint64_t time;
  std::uint32_t cpu;
  std::uint32_t reserved;
};

struct Mmap2Head {
  perf_event_header header;
  std::uint32_t tgid;
  std::uint32_t tid;
  std::uint64_t address;
  std::uint64_t length;
  std::uint64_t offset;
  std::uint8_t identity[24];  // device, inode and generation, or the build id
  std::uint32_t protection;
  std::uint32_t flags;
};
static_assert(sizeof(Mmap2Head) == 72);

struct CommHead {
  perf_event_header header;
  std::uint32_t tgid;
  std::uint32_t tid;
};

struct LostRecord {
  perf_event_header header;
  std::uint64_t id;
  std::uint64_t lost;
};

constexpr std::uint16_t kMapHasBuildId = 1u << 14;  // PERF_RECORD_MISC_MMAP_BUILD_ID
constexpr std::uint16_t kCommByExec = 1u << 13;     // PERF_RECORD_MISC_COMM_EXEC

template <class T>
std::optional<T> read_at(std::span<const std::byte> bytes, std::size_t at) {
  if (bytes.size() < at || bytes.size() - at < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void read_identity(const Mmap2Head& head, MapEvent& event) {
  if ((head.header.misc & kMapHasBuildId) != 0) {
    event.build_id_size =
        static_cast<std::uint8_t>(std::min<std::size_t>(head.identity[0], event.build_id.size()));
    std::copy_n(head.identity + 4, event.build_id_size, event.build_id.begin());
    return;
  }
  std::memcpy(&event.device_major, head.identity, 4);
  std::memcpy(&event.device_minor, head.identity + 4, 4);
  std::memcpy(&event.inode, head.identity + 8, 8);
}

template <class T>
bool take_number(std::string_view& text, char behind, int base, T& out) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  const auto used = static_cast<std::size_t>(stop - text.data());
  if (error != std::errc{} || used >= text.size() || text[used] != behind) return false;
  text.remove_prefix(used + 1);
  return true;
}

// The kernel writes a line feed in a name as \012.
std::string unescape(std::string_view raw) {
  std::string path;
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (raw.substr(at).starts_with("\\012")) {
      path += '\n';
      at += 3;
    } else {
      path += raw[at];
    }
  }
  return path;
}

// "55d0c4a00000-55d0c4a01000 r-xp 00001000 fe:00 1057                       /usr/bin/program"
std::optional<MapEvent> parse_line(std::string_view line) {
  MapEvent event;
  if (!take_number(line, '-', 16, event.start) || !take_number(line, ' ', 16, event.end)) {
    return std::nullopt;
  }
  if (line.size() < 5 || line[2] != 'x') return std::nullopt;
  line.remove_prefix(5);
  if (!take_number(line, ' ', 16, event.offset) ||
      !take_number(line, ':', 16, event.device_major) ||
      !take_number(line, ' ', 16, event.device_minor)) {
    return std::nullopt;
  }
  const auto [stop, error] =
      std::from_chars(line.data(), line.data() + line.size(), event.inode, 10);
  if (error != std::errc{}) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(stop - line.data()));
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  event.path = line.empty() ? "//anon" : unescape(line);
  return event;
}

}  // namespace

bool MapEvent::is_made() const {
  if (exec) return false;
  if (path.starts_with("//anon")) return true;
  return !path.starts_with('/') && path != "[vdso]" && path != "[vsyscall]" && path != "[uprobes]";
}

PerfRecord parse_perf_record(std::span<const std::byte> record) {
  PerfRecord parsed;
  const auto header = read_at<perf_event_header>(record, 0);
  if (!header || record.size() < sizeof(SampleId)) return parsed;
  if (header->type == PERF_RECORD_LOST) {
    if (const auto lost = read_at<LostRecord>(record, 0)) parsed.lost = lost->lost;
    return parsed;
  }
  const std::size_t body = record.size() - sizeof(SampleId);
  const auto id = read_at<SampleId>(record, body);
  if (header->type == PERF_RECORD_COMM && (header->misc & kCommByExec) != 0) {
    const auto head = read_at<CommHead>(record.first(body), 0);
    if (!head) return parsed;
    MapEvent event;
    event.ts_ns = id->time;
    event.tgid = static_cast<model::Tid>(head->tgid);
    event.exec = true;
    parsed.events.push_back(std::move(event));
  } else if (header->type == PERF_RECORD_MMAP2) {
    const auto head = read_at<Mmap2Head>(record.first(body), 0);
    if (!head) return parsed;
    MapEvent event;
    event.ts_ns = id->time;
    event.tgid = static_cast<model::Tid>(head->tgid);
    event.start = head->address;
    event.end = head->address + head->length;
    event.offset = head->offset;
    read_identity(*head, event);
    const auto* name = reinterpret_cast<const char*>(record.data() + sizeof(Mmap2Head));
    event.path.assign(name, ::strnlen(name, body - sizeof(Mmap2Head)));
    parsed.events.push_back(std::move(event));
  }
  return parsed;
}

std::vector<MapEvent> parse_process_maps(std::string_view text) {
  std::vector<MapEvent> events;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (auto event = parse_line(text.substr(0, end))) events.push_back(std::move(*event));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return events;
}

std::vector<std::byte> record_of(const MapEvent& event) {
  triptych_map raw{};
  raw.hdr.ts_ns = event.ts_ns;
  raw.hdr.kind = TRIPTYCH_EV_MAP;
  raw.start = event.start;
  raw.end = event.end;
  raw.offset = event.offset;
  raw.inode = event.inode;
  raw.device_major = event.device_major;
  raw.device_minor = event.device_minor;
  raw.tgid = static_cast<__u32>(event.tgid);
  if (event.fresh) raw.flags |= TRIPTYCH_MAP_FRESH;
  if (event.there) raw.flags |= TRIPTYCH_MAP_THERE;
  if (event.path.size() > sizeof raw.path) raw.flags |= TRIPTYCH_MAP_PATH_CUT;
  raw.build_id_size = event.build_id_size;
  std::copy_n(event.build_id.begin(), event.build_id_size, raw.build_id);
  const std::size_t length = event.path.copy(raw.path, sizeof raw.path);
  raw.path_size = static_cast<__u32>(length);
  constexpr std::size_t kStep = TRIPTYCH_MAP_PATH_STEP;
  const std::size_t size = offsetof(triptych_map, path) + (length + kStep - 1) / kStep * kStep;
  raw.hdr.size8 = static_cast<__u8>(size / 8);
  const auto bytes = std::as_bytes(std::span(&raw, 1)).first(size);
  return {bytes.begin(), bytes.end()};
}

}  // namespace triptych::symbol::capture
