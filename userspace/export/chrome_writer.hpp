// SPDX-License-Identifier: Apache-2.0
//
// The trace as Chrome's trace events (JSON), which many viewers read. A thread's states are
// complete events; what overlaps with them, faults, creations and coroutine steps, are asynchronous
// ones, since events of one thread have to nest. docs/exports.md says what is shown where.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "export/writer.hpp"

namespace triptych::exports {

class ChromeWriter : public Writer {
 public:
  void begin(const model::Metadata& metadata, std::string& out) override;
  void write(const Context& context, const analyze::Interval& interval, std::string& out) override;
  void mark(const Context& context, const model::Event& event, const model::Mark& mark,
            std::string& out) override;
  void finish(const Context& context, const analyze::Summary& summary, std::string& out) override;

 private:
  struct Named {
    model::Tid tid = 0;
    std::string comm;
  };

  void describe(const analyze::Task& task, std::string& out);
  void write_state(const Context& context, const analyze::Interval& interval, std::string& out);
  void write_overlapping(const Context& context, const analyze::Interval& interval,
                         std::string& out);
  void write_wakeup(const Context& context, const analyze::Interval& interval,
                    const analyze::Runnable& runnable, std::string& out);

  bool first_ = true;
  std::uint64_t next_id_ = 1;                       // of what has a beginning and an end apart
  std::unordered_map<std::uint32_t, Named> named_;  // as it was told last, by serial
};

}  // namespace triptych::exports
