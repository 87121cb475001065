// SPDX-License-Identifier: Apache-2.0
#include "workloads/limits.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/text.hpp"

namespace triptych::workloads {
namespace {

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The first number in the text; none for "max" and for an empty or missing file.
std::optional<std::uint64_t> first_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> read_number(const std::string& path) {
  const std::optional<std::string> text = read_text(path);
  return text ? first_number(*text) : std::nullopt;
}

// The number behind "key" at the start of a line, e.g. of /proc/meminfo.
std::optional<std::uint64_t> read_field(const std::string& path, std::string_view key) {
  const std::optional<std::string> text = read_text(path);
  if (!text) return std::nullopt;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key)) return first_number(std::string_view(line).substr(key.size()));
  }
  return std::nullopt;
}

std::uint64_t room_between(std::uint64_t used, std::uint64_t limit) {
  return limit > used ? limit - used : 0;
}

std::uint64_t count_entries(const char* path) {
  DIR* directory = ::opendir(path);
  if (directory == nullptr) return 0;
  std::uint64_t count = 0;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') ++count;
  }
  ::closedir(directory);
  return count;
}

std::uint64_t count_lines(const char* path) {
  const std::optional<std::string> text = read_text(path);
  return text ? static_cast<std::uint64_t>(std::count(text->begin(), text->end(), '\n')) : 0;
}

// The kernel does not apply RLIMIT_NPROC to root nor to who has one of these capabilities.
bool is_free_of_process_limit() {
  if (::getuid() == 0) return true;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  const auto has = [&data](unsigned capability) {
    return (data[capability / 32].effective >> (capability % 32) & 1u) != 0;
  };
  return has(CAP_SYS_RESOURCE) || has(CAP_SYS_ADMIN);
}

std::uint64_t tasks_of_this_user() {
  DIR* directory = ::opendir("/proc");
  if (directory == nullptr) return 0;
  std::uint64_t count = 0;
  while (const dirent* entry = ::readdir(directory)) {
    if (!first_number(entry->d_name)) continue;
    const std::string status = fmt::format("/proc/{}/status", entry->d_name);
    if (read_field(status, "Uid:") != ::getuid()) continue;
    count += read_field(status, "Threads:").value_or(1);
  }
  ::closedir(directory);
  return count;
}

// Of "2/88" in /proc/loadavg, the second number: tasks that there are.
std::uint64_t tasks_of_all() {
  const std::string text = read_text("/proc/loadavg").value_or("");
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return 0;
  return first_number(std::string_view(text).substr(slash + 1)).value_or(0);
}

struct Group {
  std::string directory;  // of the controller's files
  std::string name;       // as /proc/self/cgroup has it
};

// This process's group in the hierarchy that has the controller, then its ancestors.
std::vector<Group> groups_of(std::string_view controller) {
  std::vector<Group> groups;
  std::istringstream lines(read_text("/proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool unified = names == ",,";
    if (!unified && names.find(fmt::format(",{},", controller)) == std::string::npos) continue;
    const std::string root =
        unified ? "/sys/fs/cgroup" : fmt::format("/sys/fs/cgroup/{}", controller);
    std::string path = line.substr(second + 1);
    while (path.size() > 1) {
      groups.push_back({root + path, path});
      path.resize(std::max<std::size_t>(path.rfind('/'), 1));
    }
    groups.push_back({root, "/"});
  }
  return groups;
}

void add_task_limits(std::vector<Limit>* limits) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      !is_free_of_process_limit()) {
    limits->push_back(
        {"RLIMIT_NPROC (ulimit -u)", room_between(tasks_of_this_user(), limit.rlim_cur),
         "ulimit -u NUMBER, and beyond ulimit -Hu as root: prlimit --nproc=NUMBER --pid $$"});
  }
  const std::uint64_t tasks = tasks_of_all();
  for (const char* name : {"pid_max", "threads-max"}) {
    if (const auto most = read_number(fmt::format("/proc/sys/kernel/{}", name))) {
      limits->push_back({fmt::format("kernel.{}", name), room_between(tasks, *most),
                         fmt::format("as root: sysctl kernel.{}=NUMBER", name)});
    }
  }
  for (const Group& group : groups_of("pids")) {
    const auto most = read_number(group.directory + "/pids.max");
    const auto current = read_number(group.directory + "/pids.current");
    if (most && current) {
      limits->push_back({fmt::format("pids.max of the cgroup {}", group.name),
                         room_between(*current, *most),
                         fmt::format("as root: echo NUMBER >{}/pids.max", group.directory)});
    }
  }
}

void add_memory_limits(std::vector<Limit>* limits) {
  if (const auto available = read_field("/proc/meminfo", "MemAvailable:")) {
    limits->push_back({"the memory available (MemAvailable)", *available * 1024});
  }
  for (const Group& group : groups_of("memory")) {
    auto most = read_number(group.directory + "/memory.max");
    auto current = read_number(group.directory + "/memory.current");
    std::string name = "memory.max";
    if (!most) {
      most = read_number(group.directory + "/memory.limit_in_bytes");
      current = read_number(group.directory + "/memory.usage_in_bytes");
      name = "memory.limit_in_bytes";
    }
    if (!most || !current) continue;
    // What the group holds of files can be dropped.
    const std::uint64_t files =
        read_field(group.directory + "/memory.stat", "inactive_file ").value_or(0);
    limits->push_back({fmt::format("{} of the cgroup {}", name, group.name),
                       room_between(*current - std::min(files, *current), *most),
                       fmt::format("as root: echo BYTES >{}/{}", group.directory, name)});
  }
}

void add_descriptor_limit(std::vector<Limit>* limits) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max == RLIM_INFINITY) return;
  limits->push_back({"RLIMIT_NOFILE (ulimit -Hn)",
                     room_between(count_entries("/proc/self/fd"), limit.rlim_max),
                     "as root: prlimit --nofile=NUMBER --pid $$"});
}

Result<void> check_one(std::uint64_t need, const std::vector<Limit>& limits, bool bytes,
                       std::string_view what) {
  if (need == 0 || limits.empty()) return {};
  const auto narrowest = std::min_element(
      limits.begin(), limits.end(), [](const Limit& a, const Limit& b) { return a.room < b.room; });
  if (need <= narrowest->room) return {};
  const auto say = [bytes](std::uint64_t value) {
    return bytes ? format_bytes(value) : format_count(value);
  };
  const std::string room = narrowest->room == 0 ? "no more"
                           : bytes              ? say(narrowest->room) + " more of"
                                                : say(narrowest->room) + " more";
  const std::string hint = "nothing was started: ask for less";
  return fail(
      fmt::format("{} allows {} {}, and this needs {}", narrowest->name, room, what, say(need)),
      narrowest->raise.empty() ? hint : hint + ", or raise the limit: " + narrowest->raise);
}

}  // namespace

Limits read_limits() {
  Limits limits;
  add_task_limits(&limits.tasks);
  add_memory_limits(&limits.memory_bytes);
  if (const auto most = read_number("/proc/sys/vm/max_map_count")) {
    limits.mappings.push_back({"vm.max_map_count",
                               room_between(count_lines("/proc/self/maps"), *most),
                               "as root: sysctl vm.max_map_count=NUMBER"});
  }
  add_descriptor_limit(&limits.descriptors);
  return limits;
}

Result<void> check_needs(const Needs& needs, const Limits& limits) {
  TRIPTYCH_TRY(check_one(needs.tasks, limits.tasks, false, "tasks"));
  TRIPTYCH_TRY(check_one(needs.memory_bytes, limits.memory_bytes, true, "memory"));
  TRIPTYCH_TRY(check_one(needs.mappings, limits.mappings, false, "mappings"));
  return check_one(needs.descriptors, limits.descriptors, false, "descriptors");
}

Result<void> require(const Needs& needs) {
  TRIPTYCH_TRY(check_needs(needs, read_limits()));
  if (needs.descriptors == 0) return {};
  rlimit limit{};
  const std::uint64_t wanted = count_entries("/proc/self/fd") + needs.descriptors;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return {};
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
  return fail_errno("cannot raise RLIMIT_NOFILE", errno);
}

}  // namespace triptych::workloads
