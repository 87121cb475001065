// SPDX-License-Identifier: Apache-2.0
//
// The coroutines of a program that is watched by probes: in which of its files, at which places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "coroutine/probes/elf_file.hpp"
#include "coroutine/probes/usdt.hpp"
#include "probe/session.hpp"
#include "record/options.hpp"

namespace triptych::record {

class CoroutineProbes {
 public:
  // Looks into the command's program, or into the files that the process has mapped. An error when
  // there is nothing to probe.
  static Result<CoroutineProbes> plan(const Options& options);

  [[nodiscard]] bool wanted() const { return !files_.empty(); }
  Result<void> attach(probe::Session& session) const;

  void on_record(std::span<const std::byte> record);
  // Not one hit came: there may have been no coroutine, or the probes are elsewhere.
  [[nodiscard]] bool silent() const { return wanted() && !hit_; }

 private:
  struct File {
    coroutine::probes::ElfFile elf;
    std::vector<coroutine::probes::Place> places;
  };
  Result<void> look_into_command(const std::string& command);
  Result<void> look_into_process(pid_t tgid);

  std::vector<File> files_;
  bool hit_ = false;
};

}  // namespace triptych::record
