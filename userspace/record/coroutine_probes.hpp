// SPDX-License-Identifier: Apache-2.0
//
// The coroutines of a program that is watched by probes: in which of its files, at which places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <optional>
#include <string>
#include <vector>

#include "abi/python.h"
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
  [[nodiscard]] bool asyncio() const { return wanted() && files_.front().python.has_value(); }
  Result<void> attach(probe::Session& session) const;

  // Whom the probes hit besides; empty: nobody.
  [[nodiscard]] const std::string& bystanders() const { return bystanders_; }

  void on_record(std::span<const std::byte> record);
  // Not one hit came: there may have been no coroutine, or the probes are elsewhere.
  [[nodiscard]] bool silent() const { return wanted() && !hit_; }

 private:
  struct File {
    coroutine::probes::ElfFile elf;
    std::vector<coroutine::probes::Place> places;
    std::optional<triptych_python_layout> python;
  };
  Result<void> look_into_command(const std::string& command);
  Result<void> look_into_process(pid_t tgid);
  Result<void> look_for_asyncio(const Options& options);

  std::vector<File> files_;
  std::string bystanders_;
  bool hit_ = false;
};

}  // namespace triptych::record
