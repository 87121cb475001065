// SPDX-License-Identifier: Apache-2.0
//
// What is recorded: a command that we start, a process that runs, or the machine.
#pragma once

#include <optional>

#include "launch/child.hpp"
#include "launch/process.hpp"
#include "launch/signals.hpp"
#include "launch/user.hpp"
#include "model/metadata.hpp"
#include "probe/session.hpp"
#include "record/options.hpp"

namespace triptych::record {

class Target {
 public:
  // A command is forked and waits for start(); a process is looked up.
  // `coroutines` goes into a command's environment, for recorders of coroutines; empty: nothing.
  static Outcome<Target> prepare(const Options& options, const launch::User& caller,
                                 const launch::Signals& signals, const std::string& coroutines);

  // Points the probes at it.
  Result<void> track(probe::Session& session) const;

  // Lets the command go; nothing to do for the others.
  Outcome<void> start();

  [[nodiscard]] model::Target describe() const;
  [[nodiscard]] model::Tid tgid() const;  // 0: of all
  [[nodiscard]] int ended_fd() const;     // readable once it has ended; -1: it does not end
  [[nodiscard]] launch::Child* child() { return child_ ? &*child_ : nullptr; }

  // "the command", "process 17"
  [[nodiscard]] std::string name() const;
  // Whom the command runs as; empty for the others.
  [[nodiscard]] std::string user() const { return user_.name; }

 private:
  Target() = default;
  Outcome<void> prepare_command(const Options& options, const launch::User& caller,
                                const launch::Signals& signals, const std::string& coroutines);

  model::TargetKind kind_ = model::TargetKind::kMachine;
  std::vector<std::string> command_;
  launch::User user_;
  std::optional<launch::Child> child_;
  std::optional<launch::Process> process_;
};

}  // namespace triptych::record
