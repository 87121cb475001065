// SPDX-License-Identifier: Apache-2.0
//
// The frame of the command line. Each sub-command lives in one file, which exposes one function
// that describes its options and says how to run it:
//
//   Command add_report_command(CLI::App& app) {
//     auto options = std::make_shared<Options>();
//     CLI::App* self = app.add_subcommand("report", "Say what a trace contains");
//     self->add_option("--top", options->top, "…");
//     return {self, [options] { return run(*options); }};
//   }
//
// Standard output carries results only; errors, notes and progress go to standard error. An Error
// is returned and printed once, by main, with the exit status of its code.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace triptych::cli {

// Exit statuses beyond those of ErrorCode. docs/architecture.md has the whole list.
inline constexpr int kExitOk = 0;
inline constexpr int kExitStrict = 4;     // data quality below --strict
inline constexpr int kExitDifferent = 5;  // --fail-on of a comparison

struct Command {
  CLI::App* app = nullptr;           // owned by the application it was added to
  std::function<Result<int>()> run;  // the exit status, or what went wrong
  // The exit status of an error, where the command has a convention of its own (`record`: 125).
  std::function<int(const Error&)> status_of = {};
};

Command add_report_command(CLI::App& app);
Command add_dump_command(CLI::App& app);
Command add_export_command(CLI::App& app);
Command add_symbolize_command(CLI::App& app);
Command add_mark_command(CLI::App& app);
Command add_run_command(CLI::App& app);
Command add_list_command(CLI::App& app);
Command add_compare_command(CLI::App& app);
Command add_diff_command(CLI::App& app);
Command add_record_command(CLI::App& app);      // only in builds that can record
Command add_flamegraph_command(CLI::App& app);  // only in builds that can record
Command add_doctor_command(CLI::App& app);      // only in builds that can record

// For option checks: one of a few words, named in the error.
CLI::Validator one_of(const std::vector<std::string>& words);
// A whole number in these limits: the parser itself takes -1 for a very big one.
CLI::Validator whole_number(std::uint64_t from, std::uint64_t to);

// Limits of what people can mean.
inline constexpr std::uint64_t kMostRows = 1'000'000'000;
inline constexpr std::uint64_t kMostTasks = 4'194'304;  // the kernel's PID_MAX_LIMIT

}  // namespace triptych::cli
