// SPDX-License-Identifier: Apache-2.0
#include "bpf/recorded_scenario.hpp"

#include <fcntl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/unique_fd.hpp"
#include "decode/decode.hpp"
#include "probe/capabilities.hpp"
#include "probe/session.hpp"

namespace triptych::test {
namespace {

std::string scenarios_program() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bpf_scenarios";
}

// A child that sleeps until `release` is closed, then becomes the scenario.
pid_t start_child(const std::string& name, std::size_t n, UniqueFd* release) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  const std::string program = scenarios_program();
  const std::string number = std::to_string(n);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[1]);
    char byte = 0;
    (void)!::read(ends[0], &byte, 1);
    ::execl(program.c_str(), "bpf_scenarios", name.c_str(), number.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[0]);
  release->reset(ends[1]);
  return child;
}

analyze::Summary analyze_all(const Recorded& recorded, const analyze::Window& window) {
  analyze::Analysis analysis(recorded.metadata, window);
  for (const model::Event& event : recorded.events) analysis.push(event);
  Result<analyze::Summary> summary = analysis.finish(recorded.ending, {}, 0);
  if (!summary) {
    ADD_FAILURE() << summary.error().message << " / " << summary.error().hint;
    return {};
  }
  return std::move(*summary);
}

Result<void> run(const std::string& name, std::size_t n, Recorded* recorded,
                 const RecordOptions& options) {
  TRIPTYCH_TRY_ASSIGN(const probe::Capabilities capabilities,
                      probe::probe_capabilities(options.without_hooks));
  auto preparation = probe::Preparation::start({options.buffer_bytes, options.events.faults});
  probe::Session::Options session_options;
  TRIPTYCH_TRY_ASSIGN(session_options.plan,
                      probe::make_attach_plan(capabilities, {.events = options.events,
                                                             .summary_only = options.summary_only,
                                                             .launched = true,
                                                             .stacks = options.stacks}));
  session_options.sample_period_ns = options.sample_period_ns;
  session_options.summary_only = options.summary_only;
  recorded->metadata.plan = session_options.plan.events;
  recorded->metadata.summary_only = options.summary_only;
  TRIPTYCH_TRY_ASSIGN(probe::Session session,
                      probe::Session::open(session_options, std::move(preparation)));

  UniqueFd release;
  const pid_t child = start_child(name, n, &release);
  if (child < 0) return fail("cannot start the scenario");
  ::usleep(10'000);  // until it sleeps in read: its counters stand still
  TRIPTYCH_TRY(session.track_launched(child));
  TRIPTYCH_TRY_ASSIGN(recorded->metadata.start_ns, session.open_gate());

  const probe::Session::Sink sink = [&](std::uint32_t, std::span<const std::byte> record) {
    model::Event event;
    if (decode::decode(record, event) != decode::Status::kOk) {
      return Result<void>(fail("a record that cannot be decoded"));
    }
    recorded->events.push_back(event);
    return Result<void>();
  };
  release.reset();
  while (::wait4(child, &recorded->wait_status, WNOHANG, &recorded->usage) == 0) {
    if (options.drain) TRIPTYCH_TRY(session.drain(sink));
    ::usleep(2'000);
  }
  TRIPTYCH_TRY_ASSIGN(recorded->ending.end_ns, session.close_gate([] {}));
  TRIPTYCH_TRY(session.drain(sink));
  recorded->ending.wait_status = recorded->wait_status;
  recorded->ending.counters = session.counters();
  recorded->ending.counted_faults = session.counted_faults();
  std::stable_sort(recorded->events.begin(), recorded->events.end(),
                   [](const auto& a, const auto& b) { return a.ts_ns < b.ts_ns; });
  return {};
}

}  // namespace

analyze::Summary Recorded::summary() const {
  return analyze_all(*this, {});
}
analyze::Summary Recorded::marked() const {
  return analyze_all(*this, {"test", "test"});
}

void record_scenario(const std::string& name, std::size_t n, Recorded* recorded,
                     const RecordOptions& options) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const Result<void> outcome = run(name, n, recorded, options);
  ASSERT_TRUE(outcome) << outcome.error().message << " / " << outcome.error().hint;
  if (WIFEXITED(recorded->wait_status) && WEXITSTATUS(recorded->wait_status) == 77) {
    GTEST_SKIP() << "this machine cannot run the scenario " << name;
  }
}

bool kernel_at_least(unsigned major, unsigned minor) {
  utsname names{};
  unsigned is_major = 0, is_minor = 0;
  ::uname(&names);
  if (std::sscanf(names.release, "%u.%u", &is_major, &is_minor) != 2) return false;
  return is_major > major || (is_major == major && is_minor >= minor);
}

bool kernel_has(const std::string& hook) {
  const Result<probe::Capabilities> capabilities = probe::probe_capabilities();
  return capabilities && capabilities->has(hook);
}

}  // namespace triptych::test
