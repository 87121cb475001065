// SPDX-License-Identifier: Apache-2.0
#include "symbol/capture/jit_names.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "abi/stacks.h"
#include "base/proc_status.hpp"
#include "base/process_root.hpp"
#include "base/text.hpp"

namespace triptych::symbol::capture {
namespace {

// Two descriptors each.
constexpr std::size_t kMostMakers = 128;
// A program that becomes another one again and again is told of often enough by then.
constexpr std::size_t kMostRefusals = 16;

// Nothing is opened by it: it leads to what is there, by no link.
UniqueFd find_in(int directory, const char* name, std::uint64_t flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | flags;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | resolve;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, directory, name, &how, sizeof how)));
}

std::optional<std::uint32_t> number_of(model::Tid tgid, std::string_view field) {
  const auto value = proc_status(tgid, field);
  return value ? last_number(*value) : std::nullopt;
}

// Nothing of what can be found afterwards, or of a process that has gone.
std::optional<JitPlace> place_of(model::Tid tgid) {
  const auto own_number = number_of(tgid, "NSpid");
  const auto owner = number_of(tgid, "Uid");
  const UniqueFd root = root_of_process(tgid);
  if (!own_number || !owner || !root) return std::nullopt;
  UniqueFd directory = find_in(root.get(), "tmp", O_DIRECTORY, RESOLVE_IN_ROOT);
  struct stat theirs {
  }, ours{};
  if (!directory || ::fstat(directory.get(), &theirs) != 0) return std::nullopt;
  const bool same =
      ::stat("/tmp", &ours) == 0 && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
  if (same && *own_number == static_cast<std::uint32_t>(tgid)) return std::nullopt;
  return JitPlace{*own_number, *owner, std::move(directory)};
}

std::string why_not_found(int error) {
  if (error == ENOENT) return {};
  if (error == ELOOP) return "it is a link";
  if (error == EXDEV) return "something is mounted there";
  return std::strerror(error);
}

// Invalid: there is none, or `refusal` says why it is not opened.
UniqueFd open_map(const JitPlace& place, std::string& refusal) {
  const std::string name = fmt::format("perf-{}.map", place.tgid);
  const UniqueFd found =
      find_in(place.directory.get(), name.c_str(), 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
  if (!found) {
    refusal = why_not_found(errno);
    return UniqueFd();
  }
  struct stat status {};
  if (::fstat(found.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    refusal = "it is no regular file";
    return UniqueFd();
  }
  if (status.st_uid != place.owner) {
    refusal =
        fmt::format("it belongs to user {}, the process is user {}'s", status.st_uid, place.owner);
    return UniqueFd();
  }
  UniqueFd map(::open(fmt::format("/proc/self/fd/{}", found.get()).c_str(),
                      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!map) refusal = std::strerror(errno);
  return map;
}

// Of lines that are whole: the last one may be about to be written.
std::string read_lines(int map, std::string& refusal) {
  std::string text;
  for (;;) {
    constexpr std::size_t kPiece = 64 << 10;
    const std::size_t size = text.size();
    text.resize(size + kPiece);
    const ssize_t got = ::pread(map, text.data() + size, kPiece, static_cast<off_t>(size));
    text.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    if (text.size() >= kLargestPerfMap) {
      refusal = fmt::format("only its first {} are", format_bytes(kLargestPerfMap));
      break;
    }
  }
  text.resize(text.rfind('\n') + 1);  // npos + 1 is 0
  return text;
}

}  // namespace

Result<void> read_jit_names(const JitPlace& place, std::string& refusal, const TakeLine& take) {
  const UniqueFd map = open_map(place, refusal);
  if (!map) return {};
  const std::string text = read_lines(map.get(), refusal);
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = parse_perf_map_line(take_line(rest));
    if (line) TRIPTYCH_TRY(take(*line));
  }
  return {};
}

std::vector<std::byte> record_of(const PerfMapLine& line, model::Tid tgid, model::TimeNs ts_ns) {
  triptych_jit_symbol raw{};
  raw.hdr.ts_ns = ts_ns;
  raw.hdr.kind = TRIPTYCH_EV_JIT_SYMBOL;
  raw.address = line.start;
  raw.size = line.size;
  raw.tgid = static_cast<__u32>(tgid);
  const std::size_t length = line.name.copy(raw.name, sizeof raw.name);
  raw.name_size = static_cast<__u16>(length);
  constexpr std::size_t kStep = TRIPTYCH_JIT_SYMBOL_NAME_STEP;
  const std::size_t size = std::min(
      offsetof(triptych_jit_symbol, name) + (length + kStep - 1) / kStep * kStep, sizeof raw);
  raw.hdr.size8 = static_cast<__u8>(size / 8);
  const auto bytes = std::as_bytes(std::span(&raw, 1)).first(size);
  return {bytes.begin(), bytes.end()};
}

// Whoever has become another user since has his files by that name.
void JitNames::note(model::Tid tgid) {
  const auto known = makers_.find(tgid);
  if (known == makers_.end()) return add(tgid);
  if (const auto owner = number_of(tgid, "Uid")) known->second.place.owner = *owner;
}

void JitNames::add(model::Tid tgid) {
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, tgid, 0)));
  if (!process) return;
  auto place = place_of(tgid);
  if (!place) return;
  if (makers_.size() == kMostMakers) {
    if (!std::exchange(too_many_makers_, true)) {
      news_.push_back(
          fmt::format("of more than {} programs at a time, the names of code that they "
                      "made are not read",
                      kMostMakers));
    }
    return;
  }
  makers_.emplace(tgid, Maker{std::move(process), std::move(*place)});
}

Result<void> JitNames::collect(model::Tid tgid, const JitPlace& place, const Take& take) {
  std::string refusal;
  Result<void> taken = read_jit_names(place, refusal, [&](const PerfMapLine& line) -> Result<void> {
    if (names_ == kMostPerfMapLines) {
      refusal = fmt::format("the trace has {} names already", format_count(names_));
      return {};
    }
    ++names_;
    return take(tgid, line);
  });
  if (!refusal.empty() && refusals_++ < kMostRefusals) {
    news_.push_back(
        fmt::format("/tmp/perf-{}.map of process {} is not read: {}", place.tgid, tgid, refusal));
  }
  return taken;
}

Result<void> JitNames::leave(model::Tid tgid, const Take& take) {
  const auto maker = makers_.find(tgid);
  if (maker == makers_.end()) return {};
  const JitPlace place = std::move(maker->second.place);
  makers_.erase(maker);
  return collect(tgid, place, take);
}

Result<void> JitNames::collect_ended(const Take& take) {
  std::vector<pollfd> processes;
  std::vector<model::Tid> tgids;
  for (const auto& [tgid, maker] : makers_) {
    processes.push_back({maker.process.get(), POLLIN, 0});
    tgids.push_back(tgid);
  }
  if (processes.empty() || ::poll(processes.data(), processes.size(), 0) <= 0) return {};
  for (std::size_t i = 0; i < processes.size(); ++i) {
    if (processes[i].revents != 0) TRIPTYCH_TRY(leave(tgids[i], take));
  }
  return {};
}

Result<void> JitNames::collect_all(const Take& take) {
  while (!makers_.empty()) TRIPTYCH_TRY(leave(makers_.begin()->first, take));
  return {};
}

}  // namespace triptych::symbol::capture
