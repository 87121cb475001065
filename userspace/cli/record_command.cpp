// SPDX-License-Identifier: Apache-2.0
//
// triptych record
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/marker_table_file.hpp"
#include "cli/own_arguments.hpp"
#include "record/coroutine_runtimes.hpp"
#include "record/recording.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kRecordExamples = R"(Examples:
  sudo triptych record -- make -j4                a command and everything it starts
  sudo triptych record -p 1234 --duration 10s     a running program and what it starts from now on
  sudo triptych record -a --duration 10s          the whole machine, but for the recorder

Ctrl-C and SIGTERM reach the command and end the recording: when the command has ended, or after
3 seconds, or at the second one. An earlier trace of the same name is kept as FILE.old.

Exit status: that of COMMAND, or 128 + the signal that ended it; 127 when it was not found, 126 when
it cannot be run; 0 for -p and -a; 125 when there is no recording, or only part of one: no root, a
kernel that does not allow it, a file that cannot be written; 2 for a wrong command line.
)";

struct RecordWords {
  std::string duration;
  std::optional<std::string> events;
  std::optional<std::string> stacks;
  bool kernel_stacks = false;
  std::string unwind;
  std::optional<std::string> frequency;
  std::string buffer_size;
  std::string coroutines = "auto";
  std::string coroutine_buffer;
  std::string coroutine_budget;
  std::string process;
  bool machine = false;
  int exit_status = record::kOwnFailure;
};

tl::unexpected<Error> wrong(std::string message, std::string hint) {
  return fail(std::move(message), std::move(hint), ErrorCode::kUsage);
}

constexpr std::uint64_t kSmallestBuffer = 64ull << 10;
constexpr std::uint64_t kBiggestBuffer = 64ull << 30;
constexpr std::uint64_t kSmallestRing = 4ull << 10;
constexpr std::uint64_t kBiggestRing = 4ull << 30;
constexpr std::uint64_t kLongestDurationNs = 366ull * 24 * 3600 * 1'000'000'000;

Result<void> read_coroutine_way(const RecordWords& words, record::Options* options) {
  using record::CoroutineWay;
  constexpr std::pair<std::string_view, CoroutineWay> kWays[] = {
      {"auto", CoroutineWay::kAuto},
      {"recorder", CoroutineWay::kRecorder},
      {"off", CoroutineWay::kOff},
      {"usdt", CoroutineWay::kUsdt}};
  constexpr std::string_view kProbes = "uprobe:", kMarkers = "usdt:";
  const auto* way = std::find_if(std::begin(kWays), std::end(kWays),
                                 [&](const auto& each) { return each.first == words.coroutines; });
  if (way != std::end(kWays)) {
    options->coroutines = way->second;
  } else if (words.coroutines.starts_with(kProbes)) {
    options->coroutines = CoroutineWay::kUprobe;
    options->coroutine_runtime = words.coroutines.substr(kProbes.size());
    if (options->coroutine_runtime.empty()) {
      return wrong("uprobe: is without what is to be probed",
                   fmt::format("it takes {}, or the name of a function as `nm` shows it",
                               record::coroutine_runtime_names()));
    }
  } else if (words.coroutines.starts_with(kMarkers)) {
    options->coroutines = CoroutineWay::kUsdt;
    if (words.coroutines.size() == kMarkers.size()) {
      return wrong(
          "usdt: is without the file that describes the markers",
          "`usdt` alone is for those of <triptych/usdt.h>; of others a file says what they "
          "mean: usdt:FILE");
    }
    TRIPTYCH_TRY_ASSIGN(options->coroutine_markers,
                        read_marker_table(words.coroutines.substr(kMarkers.size())));
  } else {
    return wrong(fmt::format("{} is no way to see coroutines", quote(words.coroutines)),
                 "--coroutines takes auto, recorder, usdt, usdt:FILE, uprobe:RUNTIME, "
                 "uprobe:FUNCTION or off");
  }
  const bool markers = options->coroutines == CoroutineWay::kUsdt;
  if (!markers && options->coroutines != CoroutineWay::kUprobe) return {};
  if (words.machine) {
    return wrong(fmt::format("--coroutines {} looks {} in one program, not in all",
                             words.coroutines, markers ? "for markers" : "for coroutines"),
                 "record that program: -p PID, or -- COMMAND");
  }
  if (options->summary_only) {
    return wrong("--summary-only keeps no events, so none of coroutines",
                 "leave --coroutines out, or --summary-only");
  }
  return {};
}

constexpr std::uint32_t kHighestFrequency = 10'000;

Result<void> read_frequency(const std::string& word, record::Options* options) {
  const char* end = word.data() + word.size();
  const auto parsed = std::from_chars(word.data(), end, options->frequency);
  if (parsed.ec != std::errc() || parsed.ptr != end || options->frequency == 0 ||
      options->frequency > kHighestFrequency) {
    return wrong(fmt::format("{} is not a frequency", quote(word)),
                 fmt::format("--frequency takes 1 to {}, in a second", kHighestFrequency));
  }
  if (!options->stacks.on_cpu) {
    return wrong("--frequency is of the stacks of what is running", "add --stacks=on-cpu");
  }
  return {};
}

constexpr std::uint64_t kFewestCopied = 1024;
constexpr std::uint64_t kMostCopied = 32ull << 10;

// "fp", "dwarf" or "dwarf,BYTES".
Result<void> read_unwind(const std::string& word, record::Options* options) {
  constexpr std::string_view kDwarf = "dwarf";
  if (!options->stacks.any()) {
    return wrong("--unwind is of the stacks of --stacks", "add --stacks");
  }
  if (word == "fp") return {};
  std::uint64_t bytes = record::kDefaultCopiedBytes;
  const bool sized = word.starts_with("dwarf,");
  if (word != kDwarf && !sized) {
    return wrong(fmt::format("{} is no way to unwind a stack", quote(word)),
                 "--unwind takes fp, dwarf or dwarf,BYTES");
  }
  if (sized && (!parse_bytes(word.substr(kDwarf.size() + 1), &bytes) || bytes < kFewestCopied ||
                bytes > kMostCopied)) {
    return wrong(fmt::format("{} is no size of a copied stack", quote(word)),
                 "--unwind dwarf,BYTES takes 1K to 32K");
  }
  options->stacks.copied_bytes = static_cast<std::uint32_t>(bytes);
  return {};
}

Result<void> read_stacks(const RecordWords& words, record::Options* options) {
  if (words.stacks) {
    TRIPTYCH_TRY_ASSIGN(options->stacks, probe::parse_stack_set(*words.stacks));
  }
  if (words.frequency) TRIPTYCH_TRY(read_frequency(*words.frequency, options));
  if (words.kernel_stacks && !options->stacks.any()) {
    return wrong("--kernel-stacks adds to the stacks of --stacks", "add --stacks");
  }
  options->stacks.kernel = words.kernel_stacks;
  if (!words.unwind.empty()) TRIPTYCH_TRY(read_unwind(words.unwind, options));
  if (options->stacks.any() && options->summary_only) {
    return wrong("--summary-only keeps no events, so no stacks of them",
                 "leave --stacks out, or --summary-only");
  }
  return {};
}

// "5%" or "0.5", of one CPU.
Result<void> read_coroutine_budget(const std::string& word, record::Options* options) {
  if (word.empty()) return {};
  double percent = 0;
  const char* end = word.data() + word.size() - (word.back() == '%' ? 1 : 0);
  const auto parsed = std::from_chars(word.data(), end, percent, std::chars_format::fixed);
  if (parsed.ec != std::errc() || parsed.ptr != end || !(percent >= 0.1 && percent <= 1000)) {
    return wrong(fmt::format("{} is not a share of a CPU", quote(word)),
                 "--coroutine-budget takes 0.1% to 1000%, of one CPU");
  }
  options->coroutine_budget_permille = static_cast<std::uint32_t>(std::lround(percent * 10));
  return {};
}

Result<void> read_quantities(const RecordWords& words, record::Options* options) {
  if (!words.duration.empty()) {
    std::uint64_t ns = 0;
    if (!parse_duration_ns(words.duration, &ns) || ns > kLongestDurationNs) {
      return wrong(fmt::format("{} is not a duration", quote(words.duration)),
                   "--duration takes a number, of seconds where no unit follows: 10, 250ms or "
                   "1.5m, up to a year");
    }
    options->duration_ns = ns;
  }
  if (!words.buffer_size.empty()) {
    std::uint64_t bytes = 0;
    if (!parse_bytes(words.buffer_size, &bytes) || bytes < kSmallestBuffer ||
        bytes > kBiggestBuffer) {
      return wrong(fmt::format("{} is not a buffer size", quote(words.buffer_size)),
                   "--buffer-size takes 64K to 64G, for all CPUs together");
    }
    options->buffer_bytes = bytes;
  }
  if (!words.coroutine_buffer.empty()) {
    std::uint64_t bytes = 0;
    if (!parse_bytes(words.coroutine_buffer, &bytes) || bytes < kSmallestRing ||
        bytes > kBiggestRing) {
      return wrong(fmt::format("{} is not a buffer size", quote(words.coroutine_buffer)),
                   "--coroutine-buffer takes 4K to 4G, for each thread with coroutines");
    }
    options->coroutine_ring_bytes = std::bit_ceil(bytes);
  }
  TRIPTYCH_TRY(read_coroutine_way(words, options));
  TRIPTYCH_TRY(read_stacks(words, options));
  TRIPTYCH_TRY(read_coroutine_budget(words.coroutine_budget, options));
  if (words.events) {
    TRIPTYCH_TRY_ASSIGN(options->events, probe::parse_event_set(*words.events));
  }
  return {};
}

// What stands after the first "--", to the letter. Without one the parser's words must be the last
// ones of the command line.
Result<void> take_command(record::Options* options) {
  TRIPTYCH_TRY_ASSIGN(options->record_command, own_arguments());
  const std::vector<std::string>& all = options->record_command;
  const auto mark = std::find(all.begin(), all.end(), "--");
  if (mark != all.end()) {
    options->command.assign(mark + 1, all.end());
    return {};
  }
  const std::vector<std::string>& parsed = options->command;
  if (parsed.size() > all.size() || !std::equal(parsed.rbegin(), parsed.rend(), all.rbegin())) {
    return wrong("the command cannot be told from the options", "triptych record -- COMMAND");
  }
  return {};
}

Result<void> read_process(const std::string& word, record::Options* options) {
  const char* end = word.data() + word.size();
  const auto parsed = std::from_chars(word.data(), end, options->process);
  if (parsed.ec != std::errc() || parsed.ptr != end || options->process <= 0) {
    return wrong(fmt::format("{} is not a process id", quote(word)),
                 "`ps -e` lists the running processes");
  }
  return {};
}

Result<void> choose_target(const RecordWords& words, record::Options* options) {
  const bool process = !words.process.empty();
  const int chosen =
      (options->command.empty() ? 0 : 1) + (process ? 1 : 0) + (words.machine ? 1 : 0);
  if (chosen == 0) {
    return wrong("what to record is missing",
                 "triptych record -- COMMAND, or -p PID, or -a: see triptych record --help");
  }
  if (chosen > 1) {
    return wrong("COMMAND, -p and -a exclude each other", "record one of them at a time");
  }
  if (!options->command.empty() && options->command.front().empty()) {
    return wrong("the name of the command is empty", "triptych record -- COMMAND [ARG...]");
  }
  if (options->command.empty() && !options->user.empty()) {
    return wrong("--user is for a COMMAND: what runs already has its user", "leave --user out");
  }
  if (options->output == "-") {
    return wrong("a trace cannot go to standard output", "name a file with -o");
  }
  if (process) options->kind = model::TargetKind::kProcess;
  if (words.machine) options->kind = model::TargetKind::kMachine;
  return process ? read_process(words.process, options) : Result<void>();
}

Result<int> run_record(const record::Options& options, RecordWords* words) {
  const record::Outcome<int> outcome = record::run(options);
  if (outcome) return *outcome;
  words->exit_status = outcome.error().exit_status;
  return tl::unexpected<Error>(outcome.error().error);
}

void add_options(CLI::App* self, record::Options* options, RecordWords* words) {
  self->add_option("-o,--output", options->output, "The file to write")
      ->type_name("FILE")
      ->capture_default_str();
  self->add_option("-p,--process", words->process, "Record this running process")->type_name("PID");
  self->add_flag("-a,--all", words->machine, "Record the whole machine");
  self->add_option("--duration", words->duration, "End after this time: 250ms, 10s, 1.5m")
      ->type_name("TIME");
  self->add_option("--events", words->events,
                   "What to record, of switch,wakeup,fault,fork,exec,exit (default: all)")
      ->type_name("LIST");
  self->add_option("--stacks", words->stacks,
                   "Keep the stacks of these events, of on-cpu,off-cpu,wakeup,fault,cow,fork "
                   "(without a LIST: on-cpu,off-cpu)")
      ->expected(0, 1)
      ->default_str("on-cpu,off-cpu")
      ->type_name("[LIST]");
  self->add_flag("--kernel-stacks", words->kernel_stacks,
                 "With --stacks: the kernel's frames too, not just of samples");
  self->add_option("--unwind", words->unwind,
                   "How the program's frames are found. fp: by the frame pointer, at once; dwarf: "
                   "afterwards, from BYTES of the stack, which are kept (default: fp; BYTES: 8K)")
      ->type_name("fp|dwarf[,BYTES]");
  self->add_option("--frequency", words->frequency,
                   "Stacks of what is running to take in a second, on each CPU (default: 99)")
      ->type_name("HZ");
  self->add_option("--buffer-size", words->buffer_size,
                   "Room for what is not written yet, of all CPUs together (default: 64M)")
      ->type_name("SIZE");
  self->add_option(
          "--coroutines", words->coroutines,
          "recorder: those of programs that link triptych's; usdt: of a program with "
          "its markers; usdt:FILE: with others, as FILE describes them; uprobe:RUNTIME: of "
          "one that knows nothing of it; uprobe:FUNCTION: the hits of a function; auto: the "
          "first, and those of runtimes where it is cheap; off: none")
      ->type_name("WAY")
      ->capture_default_str();
  self->add_option("--coroutine-buffer", words->coroutine_buffer,
                   "Room for each thread's coroutine events (default: 16M)")
      ->type_name("SIZE");
  self->add_option("--coroutine-budget", words->coroutine_budget,
                   "Share of one CPU above which probes of coroutines are taken away (default: 5%)")
      ->type_name("SHARE");
  self->add_option("--user", options->user, "Run COMMAND as this user (default: who called sudo)")
      ->type_name("NAME");
  self->add_flag("--summary-only", options->summary_only,
                 "Count in the kernel and keep the counters, not each event");
  self->add_option("--no-probe", options->without_hooks,
                   "Do without this hook (see triptych doctor); may be repeated")
      ->allow_extra_args(false)
      ->type_name("HOOK");
}

}  // namespace

Command add_record_command(CLI::App& app) {
  auto options = std::make_shared<record::Options>();
  options->tool_version = TRIPTYCH_VERSION;
  auto words = std::make_shared<RecordWords>();
  CLI::App* self = app.add_subcommand("record", "Record what the kernel does with a program");
  self->footer(kRecordExamples);
  self->positionals_at_end();
  add_options(self, options.get(), words.get());
  self->add_option("COMMAND", options->command, "The command to record, with its arguments")
      ->type_name("");

  Command command;
  command.app = self;
  command.run = [options, words]() -> Result<int> {
    TRIPTYCH_TRY(take_command(options.get()));
    TRIPTYCH_TRY(choose_target(*words, options.get()));
    TRIPTYCH_TRY(read_quantities(*words, options.get()));
    return run_record(*options, words.get());
  };
  command.status_of = [words](const Error& error) {
    return error.code == ErrorCode::kUsage ? static_cast<int>(ErrorCode::kUsage)
                                           : words->exit_status;
  };
  return command;
}

}  // namespace triptych::cli
