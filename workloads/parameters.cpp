// SPDX-License-Identifier: Apache-2.0
#include "workloads/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/check.hpp"
#include "base/text.hpp"

namespace triptych::workloads {
namespace {

constexpr std::uint64_t kWholeShare = 1'000'000;  // a share is kept in millionths

bool take_digits(std::string_view* text, std::uint64_t* number) {
  const std::size_t end = std::min(text->find_first_not_of("0123456789"), text->size());
  if (end == 0 || end > 18) return false;  // 18 digits fit without overflow
  *number = 0;
  for (const char digit : text->substr(0, end)) {
    *number = *number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  text->remove_prefix(end);
  return true;
}

bool parse_count(std::string_view text, std::uint64_t* value) {
  return take_digits(&text, value) && text.empty();
}

// "0.25", "25%", "0.5%": what millionths cannot hold is refused rather than rounded.
bool parse_share(std::string_view text, std::uint64_t* value) {
  const bool percent = !text.empty() && text.back() == '%';
  if (percent) text.remove_suffix(1);
  std::uint64_t unit = percent ? kWholeShare / 100 : kWholeShare;
  std::uint64_t whole = 0;
  if (!take_digits(&text, &whole) || whole > 1'000'000) return false;
  std::uint64_t total = whole * unit;
  if (!text.empty()) {
    if (text.front() != '.' || text.size() == 1) return false;
    for (const char digit : text.substr(1)) {
      if (digit < '0' || digit > '9') return false;
      if (unit % 10 != 0) return false;
      unit /= 10;
      total += static_cast<std::uint64_t>(digit - '0') * unit;
    }
  }
  *value = total;
  return true;
}

std::optional<std::uint64_t> parse_choice(const Parameter& parameter, std::string_view text) {
  for (std::size_t i = 0; i < parameter.choices.size(); ++i) {
    if (parameter.choices[i] == text) return i;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_value(const Parameter& parameter, std::string_view text) {
  std::uint64_t value = 0;
  bool good = false;
  switch (parameter.kind) {
    case ParameterKind::kCount:
      good = parse_count(text, &value);
      break;
    case ParameterKind::kBytes:
      good = parse_bytes(text, &value);
      break;
    case ParameterKind::kDuration:
      good = text == "0" || parse_duration_ns(text, &value);
      break;
    case ParameterKind::kShare:
      good = parse_share(text, &value);
      break;
    case ParameterKind::kChoice:
      return parse_choice(parameter, text);
  }
  if (!good || value < parameter.minimum || value > parameter.maximum) return std::nullopt;
  return value;
}

std::string with_largest_unit(std::uint64_t value, std::uint64_t step,
                              std::span<const std::string_view> units) {
  std::size_t unit = 0;
  while (value != 0 && unit + 1 < units.size() && value % step == 0) {
    value /= step;
    ++unit;
  }
  return fmt::format("{}{}", value, units[unit]);
}

std::string share_to_text(std::uint64_t value) {
  const std::uint64_t percent = kWholeShare / 100;
  if (value % percent == 0) return fmt::format("{}%", value / percent);
  std::string text = fmt::format("{}.{:04}", value / percent, value % percent);
  text.erase(text.find_last_not_of('0') + 1);
  return text + "%";
}

Error wrong_value(const Parameter& parameter, std::string_view text) {
  if (parameter.kind == ParameterKind::kChoice) {
    return {ErrorCode::kUsage, fmt::format("{}={} is not possible", parameter.key, quote(text)),
            fmt::format("{} is one of: {}", parameter.key, fmt::join(parameter.choices, ", "))};
  }
  const bool share = parameter.kind == ParameterKind::kShare;
  return {ErrorCode::kUsage, fmt::format("{}={} is not possible", parameter.key, quote(text)),
          fmt::format("{} is from {} to {}{}", parameter.key, to_text(parameter, parameter.minimum),
                      to_text(parameter, parameter.maximum),
                      share ? fmt::format(", in steps of {}", to_text(parameter, 1)) : "")};
}

}  // namespace

std::string to_text(const Parameter& parameter, std::uint64_t value) {
  static constexpr std::string_view kByteUnits[] = {"", "K", "M", "G", "T"};
  static constexpr std::string_view kTimeUnits[] = {"ns", "us", "ms", "s"};
  switch (parameter.kind) {
    case ParameterKind::kCount:
      break;
    case ParameterKind::kBytes:
      return with_largest_unit(value, 1024, kByteUnits);
    case ParameterKind::kDuration:
      return value == 0 ? "0" : with_largest_unit(value, 1000, kTimeUnits);
    case ParameterKind::kShare:
      return share_to_text(value);
    case ParameterKind::kChoice:
      TRIPTYCH_CHECK(value < parameter.choices.size());
      return std::string(parameter.choices[value]);
  }
  return fmt::format("{}", value);
}

Result<Parameters> Parameters::parse(std::span<const Parameter> known,
                                     std::span<const std::string> settings) {
  Parameters parameters;
  parameters.known_ = known;
  for (const Parameter& parameter : known) {
    parameters.values_[parameter.key] = parameter.default_value;
  }
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(fmt::format("{} is no setting", quote(setting)), "a setting is KEY=VALUE",
                  ErrorCode::kUsage);
    }
    const std::string_view key = std::string_view(setting).substr(0, equals);
    const auto parameter = std::find_if(known.begin(), known.end(),
                                        [key](const Parameter& one) { return one.key == key; });
    if (parameter == known.end()) {
      std::vector<std::string_view> keys;
      for (const Parameter& one : known) keys.push_back(one.key);
      return fail(fmt::format("there is no parameter {}", quote(key)),
                  keys.empty() ? "this scenario has no parameters"
                               : fmt::format("there is {}", fmt::join(keys, ", ")),
                  ErrorCode::kUsage);
    }
    const std::string_view text = std::string_view(setting).substr(equals + 1);
    const std::optional<std::uint64_t> value = parse_value(*parameter, text);
    if (!value) return tl::unexpected<Error>(wrong_value(*parameter, text));
    parameters.values_[parameter->key] = *value;
  }
  return parameters;
}

std::uint64_t Parameters::value(std::string_view key) const {
  const auto found = values_.find(key);
  TRIPTYCH_CHECK(found != values_.end());
  return found->second;
}

std::string_view Parameters::choice(std::string_view key) const {
  for (const Parameter& parameter : known_) {
    if (parameter.key != key) continue;
    TRIPTYCH_CHECK(parameter.kind == ParameterKind::kChoice);
    return parameter.choices[value(key)];
  }
  TRIPTYCH_CHECK(false);
  return {};
}

std::vector<std::pair<std::string_view, std::string>> Parameters::as_text() const {
  std::vector<std::pair<std::string_view, std::string>> text;
  for (const Parameter& parameter : known_) {
    text.emplace_back(parameter.key, to_text(parameter, value(parameter.key)));
  }
  return text;
}

}  // namespace triptych::workloads
