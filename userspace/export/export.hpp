// SPDX-License-Identifier: Apache-2.0
//
// One trace on its way into another form, in one pass: the analysis determines what each task did,
// the writer formats it, and here it is chosen what is wanted of it. Memory by the number of tasks.
// (`export` is a word of C++, so the namespace of this folder is `exports`.)
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "export/writer.hpp"
#include "profile/collector.hpp"

namespace triptych::exports {

struct Selection {
  std::optional<std::unordered_set<std::uint32_t>> tasks;  // serials; none: all
  // Since the recording began. What a task or a coroutine did is cut there; a fault or a creation
  // is taken whole when it ends in between.
  std::uint64_t from_ns = 0;
  std::uint64_t to_ns = ~0ull;
  // None: all. Else only what such coroutines did.
  profile::CoroutineFilter coroutines;
};

class Export {
 public:
  Export(const model::Metadata& metadata, Selection selection, std::unique_ptr<Writer> writer);
  Export(Export&&) = delete;  // the analysis calls back

  // As of the analysis.
  void unwind_with(analyze::Unwinder& unwinder) { analysis_.unwind_with(unwinder); }

  void push(const model::Event& event);
  // As Analysis::finish. The last of the output is there afterwards.
  Result<analyze::Summary> finish(const std::optional<model::Ending>& ending,
                                  const model::DataQuality& source_quality,
                                  std::uint64_t stored_bytes);

  // What has been written since it was last cleared.
  [[nodiscard]] std::string& output() { return output_; }

 private:
  void on_interval(const analyze::Interval& interval);
  void on_coroutine(const analyze::CoroutineChange& change);
  [[nodiscard]] model::TimeNs from_ns() const;
  [[nodiscard]] model::TimeNs to_ns() const;
  [[nodiscard]] analyze::CoroutineSink coroutine_sink();
  [[nodiscard]] bool is_left_out(const analyze::Interval& interval) const;
  void on_mark(const model::Event& event, const model::Mark& mark);
  [[nodiscard]] bool is_wanted(model::TaskId task) const;

  Selection selection_;
  std::unique_ptr<Writer> writer_;
  std::string output_;
  analyze::Analysis analysis_;
};

}  // namespace triptych::exports
