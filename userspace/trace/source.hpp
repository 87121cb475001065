// SPDX-License-Identifier: Apache-2.0
//
// Where events come from, for everything behind the trace: a file, or its text form.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "model/data_quality.hpp"
#include "model/event.hpp"
#include "model/metadata.hpp"

namespace triptych::trace {

class Source {
 public:
  virtual ~Source() = default;

  [[nodiscard]] virtual const model::Metadata& metadata() const = 0;

  // Puts the next event, in order of time, into `event`; false at the end. `event` is overwritten.
  // Damage is not an error: what can be read is delivered and the rest is counted in quality().
  virtual bool next(model::Event& event) = 0;

  // Why next() returned false before the end, if it did: an ill-formed line of a text trace, or an
  // input that cannot be read any further.
  [[nodiscard]] virtual const std::optional<Error>& error() const {
    static const std::optional<Error> kNone;
    return kNone;
  }

  // Complete once next() has returned false.
  [[nodiscard]] virtual const std::optional<model::Ending>& ending() const = 0;
  [[nodiscard]] virtual const model::DataQuality& quality() const = 0;

  // Bytes that the events take in the input; 0 when that says nothing (text).
  [[nodiscard]] virtual std::uint64_t stored_bytes() const = 0;
};

// Opens a trace file or a text trace, told apart by their first bytes; "-" is standard input
// (text).
Result<std::unique_ptr<Source>> open_source(const std::string& path);

}  // namespace triptych::trace
