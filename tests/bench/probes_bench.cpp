// SPDX-License-Identifier: Apache-2.0
//
// What a hit of a probe costs the program that it is in: of a marker of <triptych/usdt.h>, of a
// function that begins with an instruction which the kernel does by itself, and of one that has
// none of these. Each while nobody looks, while the probes are there for another process, and
// recorded. The probes are on this program's own file. Needs root.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <triptych/usdt.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "coroutine/discover/named_function.hpp"
#include "coroutine/probes/elf_file.hpp"
#include "coroutine/probes/usdt.hpp"
#include "probe/attach_plan.hpp"
#include "probe/capabilities.hpp"
#include "probe/session.hpp"

// Their instructions are the point, so no compiler chooses them.
asm(R"(
    .pushsection .text
    .globl bench_emulated
    .type bench_emulated, @function
bench_emulated:
    push %rbp
    pop %rbp
    ret
    .size bench_emulated, . - bench_emulated
    .globl bench_stepped
    .type bench_stepped, @function
bench_stepped:
    mov %rdi, %rax
    ret
    .size bench_stepped, . - bench_stepped
    .popsection
)");
extern "C" void bench_emulated(unsigned long id);
extern "C" void bench_stepped(unsigned long id);

namespace {

using triptych::Result;
using triptych::UniqueFd;
using triptych::coroutine::discover::Discovery;
using triptych::coroutine::probes::ElfFile;
namespace probe = triptych::probe;

enum Watched : std::int64_t { kNotAtAll, kForAnother, kRecorded };

constexpr std::uint64_t kBufferBytes = 64 << 20;
constexpr auto kDrainInterval = std::chrono::milliseconds(2);

Result<ElfFile> own_file() {
  return ElfFile::open(UniqueFd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)));
}

Result<Discovery> find_markers(const ElfFile& file) {
  Discovery found;
  TRIPTYCH_TRY_ASSIGN(found.places, triptych::coroutine::probes::plan_markers(file));
  return found;
}

Result<Discovery> find_function(const ElfFile& file, const std::string& name) {
  TRIPTYCH_TRY_ASSIGN(Discovery found,
                      triptych::coroutine::discover::discover_function(file, name));
  found.places.insert(found.places.end(), found.dear.begin(), found.dear.end());
  return found;
}

// From the constructor to the destructor the places are probed, and what the hits write is taken
// away.
class Probes {
 public:
  static Result<std::unique_ptr<Probes>> attach(const ElfFile& file, const Discovery& found,
                                                bool recorded) {
    TRIPTYCH_TRY_ASSIGN(const probe::Capabilities capabilities, probe::probe_capabilities());
    probe::Session::Options options;
    probe::PlanRequest request;
    request.events = {false, false, false, false, false, false};
    request.coroutine_programs = {"on_coroutine_marker"};
    TRIPTYCH_TRY_ASSIGN(options.plan, probe::make_attach_plan(capabilities, request));
    TRIPTYCH_TRY_ASSIGN(
        probe::Session session,
        probe::Session::open(options, probe::Preparation::start({kBufferBytes, false})));
    std::vector<probe::UserProbe> probes;
    for (const auto& function : found.functions) {
      session.coroutines().add_function(function.name, function.address);
    }
    for (const auto& place : found.places) {
      probes.push_back({place.offset, place.site, place.watchers});
    }
    TRIPTYCH_TRY(session.coroutines().attach("on_coroutine_marker", file.fd(), probes));
    if (recorded) TRIPTYCH_TRY(session.track_process(::getpid()));
    TRIPTYCH_TRY(session.open_gate());
    return std::make_unique<Probes>(std::move(session));
  }

  explicit Probes(probe::Session session) : session_(std::move(session)) {
    drainer_ = std::thread([this] {
      while (!ended_) {
        (void)session_.drain([](auto, auto) { return Result<void>(); });
        std::this_thread::sleep_for(kDrainInterval);
      }
    });
  }
  Probes(const Probes&) = delete;
  Probes& operator=(const Probes&) = delete;
  ~Probes() {
    ended_ = true;
    drainer_.join();
  }

  [[nodiscard]] double hits() { return static_cast<double>(session_.coroutines().cost().hits); }

 private:
  probe::Session session_;
  std::atomic<bool> ended_ = false;
  std::thread drainer_;
};

template <class Find, class Reach>
void hit(benchmark::State& state, const Find& find, const Reach& reach) {
  std::unique_ptr<Probes> probes;
  if (state.range(0) != kNotAtAll) {
    if (::geteuid() != 0) return state.SkipWithError("needs root");
    auto attached = own_file().and_then([&](const ElfFile& file) {
      return find(file).and_then([&](const Discovery& found) {
        return Probes::attach(file, found, state.range(0) == kRecorded);
      });
    });
    if (!attached) return state.SkipWithError(attached.error().message.c_str());
    probes = std::move(*attached);
  }
  const double before = probes ? probes->hits() : 0;
  for (auto _ : state) {
    reach();
    benchmark::ClobberMemory();
  }
  if (!probes) return;
  // 1, or it is not a hit that was measured.
  state.counters["hits"] = (probes->hits() - before) / static_cast<double>(state.iterations());
}

// What a round of the others takes without what it is about.
void nothing(benchmark::State& state) {
  for (auto _ : state) benchmark::ClobberMemory();
}
BENCHMARK(nothing);

void marker(benchmark::State& state) {
  hit(state, find_markers, [] { triptych_usdt_resumed(1); });
}
void emulated(benchmark::State& state) {
  hit(
      state, [](const ElfFile& file) { return find_function(file, "bench_emulated"); },
      [] { bench_emulated(1); });
}
void stepped(benchmark::State& state) {
  hit(
      state, [](const ElfFile& file) { return find_function(file, "bench_stepped"); },
      [] { bench_stepped(1); });
}

BENCHMARK(marker)->ArgName("watched")->Arg(kNotAtAll)->Arg(kForAnother)->Arg(kRecorded);
BENCHMARK(emulated)->ArgName("watched")->Arg(kNotAtAll)->Arg(kForAnother)->Arg(kRecorded);
BENCHMARK(stepped)->ArgName("watched")->Arg(kNotAtAll)->Arg(kForAnother)->Arg(kRecorded);

}  // namespace
