// SPDX-License-Identifier: Apache-2.0
//
// A form in which a trace leaves triptych. It is fed by Export, in the order in which things become
// certain, and appends to a text that somebody else takes away: no form keeps the whole trace.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "analyze/analysis.hpp"
#include "analyze/interval.hpp"
#include "export/stack_names.hpp"
#include "model/event.hpp"

namespace triptych::exports {

// What a writer may ask while it writes.
struct Context {
  const analyze::Analysis& analysis;
  model::TimeNs origin_ns = 0;  // the recording began: all times are told from here

  [[nodiscard]] std::int64_t since_origin(model::TimeNs ts_ns) const {
    return static_cast<std::int64_t>(ts_ns - origin_ns);
  }
};

class Writer {
 public:
  virtual ~Writer() = default;

  virtual void begin(const model::Metadata& metadata, std::string& out) = 0;
  virtual void write(const Context& context, const analyze::Interval& interval,
                     std::string& out) = 0;
  // What only time lines show: moments, and when records were lost.
  virtual void mark(const Context& /*context*/, const model::Event& /*event*/,
                    const model::Mark& /*mark*/, std::string& /*out*/) {}
  // Samples, which have no length.
  [[nodiscard]] virtual bool takes_moments() const { return false; }
  // What only profiles need: what coroutines did, the choice of coroutines left to the writer.
  [[nodiscard]] virtual bool takes_coroutines() const { return false; }
  virtual void coroutine(const Context& /*context*/, const analyze::CoroutineOnTop& /*change*/,
                         model::TimeNs /*from_ns*/) {}
  virtual void coroutine(const Context& /*context*/, const analyze::CoroutineWait& /*wait*/) {}
  virtual void finish(const Context& /*context*/, const analyze::Summary& /*summary*/,
                      std::string& /*out*/) {}
};

// "csv", "jsonl", "perfetto", "chrome"; null for any other word. `names` outlives the writer; null:
// there are none.
std::unique_ptr<Writer> make_writer(std::string_view format, StackNames* names);

}  // namespace triptych::exports
