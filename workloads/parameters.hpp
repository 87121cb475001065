// SPDX-License-Identifier: Apache-2.0
//
// A scenario's parameters: what can be set, between which limits, and the values of one cell.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace triptych::workloads {

enum class ParameterKind : std::uint8_t {
  kCount,     // a plain number
  kBytes,     // takes 64K, 16M, 1G
  kDuration,  // nanoseconds; takes 10us, 5ms, 1s
  kShare,     // 0 to 1, in millionths; takes 0.25 or 25%
  kChoice,    // one of the words in `choices`
};

struct Parameter {
  std::string_view key;
  std::string_view summary;  // one line, for `triptych list`
  ParameterKind kind = ParameterKind::kCount;
  std::uint64_t default_value = 0;  // of kChoice: the index in `choices`
  std::uint64_t minimum = 0;
  std::uint64_t maximum = 0;  // inclusive; not used for kChoice
  std::span<const std::string_view> choices = {};
};

// As it would be written on a command line: "64M", "250us", "12.5%", a word of `choices`.
std::string to_text(const Parameter& parameter, std::uint64_t value);

class Parameters {
 public:
  // All defaults, then each "key=value" of `settings` in turn. Fails on a key that the scenario
  // does not have and on a value outside its limits; the message names both limits.
  static Result<Parameters> parse(std::span<const Parameter> known,
                                  std::span<const std::string> settings);

  // The value of a parameter that the scenario has; asking for another is a bug of ours.
  std::uint64_t value(std::string_view key) const;
  std::string_view choice(std::string_view key) const;  // kChoice: the word

  // Every parameter with its value, see to_text; in the order of `known`.
  std::vector<std::pair<std::string_view, std::string>> as_text() const;

 private:
  std::span<const Parameter> known_;
  std::map<std::string_view, std::uint64_t> values_;
};

}  // namespace triptych::workloads
