// SPDX-License-Identifier: Apache-2.0
//
// The names that a program gives to code that it made itself, where nobody would find them
// afterwards: /tmp/perf-PID.map of a program that has another /tmp than we, or another number, as
// in a container. They are read when it ends, becomes another program, or the recording ends.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/perf_map.hpp"
#include "base/unique_fd.hpp"
#include "model/ids.hpp"

namespace triptych::symbol::capture {

// As it is called in its own namespace, where its files are its own, and where it finds /tmp.
struct JitPlace {
  std::uint32_t tgid = 0;
  uid_t owner = 0;
  UniqueFd directory;
};

using TakeLine = std::function<Result<void>(const PerfMapLine&)>;

// Passes what the program has named by now; nothing where it has no such file. `refusal` says why
// there is one that is not read: it is the program's, and may be anything.
Result<void> read_jit_names(const JitPlace& place, std::string& refusal, const TakeLine& take);

// The record (bpf/abi/stacks.h) of a name.
std::vector<std::byte> record_of(const PerfMapLine& line, model::Tid tgid, model::TimeNs ts_ns);

class JitNames {
 public:
  using Take = std::function<Result<void>(model::Tid, const PerfMapLine&)>;

  // The process has made code.
  void note(model::Tid tgid);
  // The process becomes another program.
  Result<void> leave(model::Tid tgid, const Take& take);
  // Of processes that have ended since, or of all that are left.
  Result<void> collect_ended(const Take& take);
  Result<void> collect_all(const Take& take);

  // What was not read, and why, since the last call.
  std::vector<std::string> take_news() { return std::exchange(news_, {}); }

 private:
  struct Maker {
    UniqueFd process;  // readable when it has ended
    JitPlace place;
  };
  void add(model::Tid tgid);
  Result<void> collect(model::Tid tgid, const JitPlace& place, const Take& take);

  std::map<model::Tid, Maker> makers_;
  std::size_t names_ = 0;
  std::size_t refusals_ = 0;
  bool too_many_makers_ = false;
  std::vector<std::string> news_;
};

}  // namespace triptych::symbol::capture
