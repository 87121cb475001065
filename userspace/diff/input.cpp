// SPDX-License-Identifier: Apache-2.0
#include "diff/input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "base/text.hpp"
#include "compare/plan.hpp"
#include "diff/documents.hpp"

namespace triptych::diff {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = std::size_t{256} << 20;
constexpr std::size_t kDeepest = 64;
constexpr const char* kHint =
    "write one with: triptych compare --format json -o FILE, or triptych report --format json";

// Deeper than any of our files: a stack of brackets is not worth a crash.
bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return true;
    } else if (c == ']' || c == '}') {
      if (depth > 0) --depth;
    }
  }
  return false;
}

// A later metric of the same name is one that this reader does not tell apart: the first one holds.
void make_unique(std::vector<Metric>* metrics) {
  std::stable_sort(metrics->begin(), metrics->end(),
                   [](const Metric& a, const Metric& b) { return a.name < b.name; });
  const auto last = std::unique(metrics->begin(), metrics->end(),
                                [](const Metric& a, const Metric& b) { return a.name == b.name; });
  metrics->erase(last, metrics->end());
}

// The time and memory of a verdict grow with the square of the values.
Result<void> check_values(const std::vector<Metric>& metrics, const std::string& name) {
  for (const Metric& metric : metrics) {
    if (metric.values.size() <= compare::kMostRepetitions) continue;
    return fail(fmt::format("{} has {} values of {}", quote(name),
                            format_count(metric.values.size()), quote(metric.name)),
                fmt::format("triptych compare repeats at most {} times",
                            format_count(compare::kMostRepetitions)),
                ErrorCode::kUsage);
  }
  return {};
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

void add_circumstances(const json& value, const std::string& name, Input* input) {
  if (value.is_object()) {
    for (const auto& [key, each] : value.items()) {
      add_circumstances(each, name.empty() ? key : fmt::format("{}.{}", name, key), input);
    }
  } else if (value.is_array()) {
    for (const json& each : value) {
      if (each.is_string()) input->circumstances.emplace_back(name, each.get<std::string>());
    }
  } else if (value.is_string()) {
    input->circumstances.emplace_back(name, value.get<std::string>());
  } else if (!value.is_null()) {
    input->circumstances.emplace_back(name, value.dump());
  }
}

Result<Input> parse_input(std::string_view text, const std::string& name) {
  const json file = too_deep(text) ? json(json::value_t::discarded)
                                   : json::parse(text.begin(), text.end(), nullptr, false);
  if (!file.is_object()) {
    return fail(fmt::format("{} is not JSON of triptych", quote(name)), kHint, ErrorCode::kUsage);
  }
  Input input;
  input.schema = text_of(file, "schema");
  if (input.schema == "triptych.compare/1") {
    read_compare(file, &input);
  } else if (input.schema == "triptych.report/1") {
    read_report(file, &input);
  } else {
    return fail(fmt::format("{} is neither a comparison nor a report", quote(name)), kHint,
                ErrorCode::kUsage);
  }
  make_unique(&input.metrics);
  if (input.metrics.empty()) {
    return fail(fmt::format("{} has no figures", quote(name)), kHint, ErrorCode::kUsage);
  }
  TRIPTYCH_TRY(check_values(input.metrics, name));
  return input;
}

Result<Input> read_input(const std::string& path) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
  if (!file) {
    return tl::unexpected<Error>(
        Error{ErrorCode::kUsage,
              system_error(fmt::format("cannot open {}", quote(path)), errno).message, kHint});
  }
  std::string text;
  std::string buffer(1 << 16, '\0');
  while (text.size() <= kMostBytes) {
    const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get());
    if (count == 0) break;
    text.append(buffer, 0, count);
  }
  if (std::ferror(file.get()) != 0) {
    return fail_errno(fmt::format("cannot read {}", quote(path)), errno);
  }
  if (text.size() > kMostBytes) {
    return fail(fmt::format("{} is larger than {}", quote(path), format_bytes(kMostBytes)), kHint,
                ErrorCode::kUsage);
  }
  return parse_input(text, path);
}

}  // namespace triptych::diff
