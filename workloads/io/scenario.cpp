// SPDX-License-Identifier: Apache-2.0
#include "workloads/io/io.hpp"
#include "workloads/limits.hpp"

namespace triptych::workloads {
namespace io {
namespace {

constexpr std::string_view kWaits[] = {"timer", "socket"};

constexpr Parameter kParameters[] = {
    {"units", "that wait at once", ParameterKind::kCount, 200, 1, 10'000, {}},
    {"delay", "what a wait takes", ParameterKind::kDuration, 10'000'000, 0, 1'000'000'000, {}},
    {"wait", "for a timer, or for the answer of a server that takes its time",
     ParameterKind::kChoice, 0, 0, 0, kWaits},
};

constexpr Variant kVariants[] = {
    {Model::kProcess, "blocking", "a process for each unit, in a blocking call",
     make_blocking_processes},
    {Model::kProcess, "epoll", "a process for each CPU, each with an epoll loop for its units",
     make_epoll_processes},
    {Model::kThread, "blocking", "a thread for each unit, in a blocking call",
     make_blocking_threads},
    {Model::kThread, "epoll", "a thread for each CPU, each with an epoll loop for its units",
     make_epoll_threads},
    {Model::kCoroutine, "stackless", "a C++20 coroutine for each unit, one thread, an epoll loop",
     make_stackless},
    {Model::kCoroutine, "stackful",
     "a Boost.Context coroutine for each unit, one thread, an epoll loop", make_stackful},
};

constexpr std::uint64_t kBytesPerTask = 160 << 10;  // of a process; a thread takes less
constexpr std::uint64_t kBytesPerUnit = 16 << 10;
constexpr std::uint64_t kOtherDescriptors = 128;

}  // namespace

Options read_options(const Parameters& parameters) {
  return {static_cast<unsigned>(parameters.value("units")), parameters.value("delay"),
          parameters.choice("wait") == "socket" ? Wait::kSocket : Wait::kTimer};
}

Result<void> check_machine(const Options& options, unsigned tasks) {
  Needs needs;
  needs.tasks = tasks + 1;  // with the server
  needs.memory_bytes = tasks * kBytesPerTask + options.units * kBytesPerUnit;
  needs.mappings = 2ull * options.units;
  // Both ends of the sockets, until the server has its own.
  if (options.wait == Wait::kSocket) needs.descriptors = 2ull * options.units + kOtherDescriptors;
  return require(needs);
}

std::vector<Metric> wait_metrics(std::uint64_t voluntary_switches,
                                 std::uint64_t involuntary_switches, std::uint64_t waits,
                                 unsigned tasks) {
  if (waits == 0) return {};
  const auto per_wait = [waits](std::uint64_t count) {
    return static_cast<double>(count) / static_cast<double>(waits);
  };
  return {{"voluntary_switches_per_wait", "1", per_wait(voluntary_switches),
           "getrusage of the units' tasks, ru_nvcsw"},
          {"involuntary_switches_per_wait", "1", per_wait(involuntary_switches),
           "getrusage of the units' tasks, ru_nivcsw"},
          {"tids", "1", static_cast<double>(tasks), "counted; of the units"}};
}

}  // namespace io

Scenario io_scenario() {
  Scenario scenario;
  scenario.name = "io";
  scenario.operation =
      "all units wait once, at the same time: for a timer, or for a server's answer";
  scenario.alike =
      "a unit that has waited begins its next wait by itself, without looking at the others; the "
      "server is a process of its own, with an epoll loop, the same for all";
  scenario.different =
      "a blocking call puts a kernel task to sleep, so there is one for each unit; an epoll loop "
      "sleeps once for all its units, and coroutines on it are written like blocking code";
  scenario.parameters = io::kParameters;
  scenario.variants.assign(std::begin(io::kVariants), std::end(io::kVariants));
  scenario.default_operations = 10;
  return scenario;
}

}  // namespace triptych::workloads
