// SPDX-License-Identifier: Apache-2.0
#include "coroutine/probes/marker_table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "abi/coroutines.h"

namespace triptych::coroutine::probes {
namespace {

constexpr const char* kHint =
    "a line is WHAT PROVIDER:MARKER id=ARGUMENT, as in: resumed myruntime:fiber_enter id=1";
constexpr std::string_view kBlanks = " \t\r";
constexpr std::size_t kMostArguments = 12;  // that a marker can have

struct Kind {
  std::string_view word;
  std::uint8_t what;
  std::string_view second;  // what else it tells; empty: nothing
};
constexpr std::array kKinds = {
    Kind{"created", TRIPTYCH_COROUTINE_CREATED, "name"},
    Kind{"resumed", TRIPTYCH_COROUTINE_RESUMED, ""},
    Kind{"suspended", TRIPTYCH_COROUTINE_SUSPENDED, ""},
    Kind{"finished", TRIPTYCH_COROUTINE_FINISHED, ""},
    Kind{"destroyed", TRIPTYCH_COROUTINE_DESTROYED, ""},
    Kind{"awaits", TRIPTYCH_COROUTINE_AWAITS, "other"},
};

std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

// "id=2"
std::optional<std::size_t> argument(std::string_view word, std::string_view name) {
  if (name.empty() || !word.starts_with(name) || word.substr(name.size(), 1) != "=") {
    return std::nullopt;
  }
  word.remove_prefix(name.size() + 1);
  std::size_t number = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool whole = error == std::errc() && stop == word.data() + word.size();
  if (!whole || number == 0 || number > kMostArguments) return std::nullopt;
  return number;
}

tl::unexpected<Error> not_understood(std::size_t line, std::string_view why) {
  return fail(fmt::format("line {}: {}", line, why), kHint, ErrorCode::kUsage);
}

Result<MarkerMeaning> parse_line(std::string_view line, std::size_t number) {
  const std::string_view what = take_word(line);
  const auto* kind = std::find_if(kKinds.begin(), kKinds.end(),
                                  [what](const Kind& each) { return each.word == what; });
  if (kind == kKinds.end()) {
    return not_understood(number,
                          "what it tells is one of created, resumed, suspended, finished, "
                          "destroyed and awaits");
  }
  const std::string_view marker = take_word(line);
  const std::size_t colon = marker.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == marker.size()) {
    return not_understood(number, "there is no PROVIDER:MARKER");
  }
  MarkerMeaning meaning{.provider = std::string(marker.substr(0, colon)),
                        .name = std::string(marker.substr(colon + 1)),
                        .what = kind->what,
                        .id = 0};
  for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
    if (const auto id = argument(word, "id"); id && meaning.id == 0) {
      meaning.id = *id;
    } else if (const auto second = argument(word, kind->second); second && meaning.second == 0) {
      meaning.second = *second;
    } else {
      return not_understood(
          number,
          kind->second.empty()
              ? std::string("behind the marker there is id=1 to 12, and nothing else")
              : fmt::format("behind the marker there are id=1 to 12 and {}=1 to 12, each once",
                            kind->second));
    }
  }
  if (meaning.id == 0) return not_understood(number, "which argument is the id is not told");
  if (meaning.what == TRIPTYCH_COROUTINE_AWAITS && meaning.second == 0) {
    return not_understood(number, "which argument is the other's id is not told");
  }
  return meaning;
}

}  // namespace

const MarkerTable& own_markers() {
  const auto own = [](std::string_view name, std::uint8_t what, std::size_t arguments) {
    return MarkerMeaning{.provider = std::string(kOwnProvider),
                         .name = fmt::format("coroutine_{}", name),
                         .what = what,
                         .second = arguments == 1 ? std::size_t{0} : arguments,
                         .arguments = arguments};
  };
  static const MarkerTable markers = {
      own("created", TRIPTYCH_COROUTINE_CREATED, 2),
      own("resumed", TRIPTYCH_COROUTINE_RESUMED, 1),
      own("suspended", TRIPTYCH_COROUTINE_SUSPENDED, 1),
      own("finished", TRIPTYCH_COROUTINE_FINISHED, 1),
      own("destroyed", TRIPTYCH_COROUTINE_DESTROYED, 1),
      own("awaits", TRIPTYCH_COROUTINE_AWAITS, 2),
  };
  return markers;
}

Result<MarkerTable> parse_marker_table(std::string_view text) {
  MarkerTable table;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find('#'));
    if (line.find_first_not_of(kBlanks) == std::string_view::npos) continue;
    TRIPTYCH_TRY_ASSIGN(MarkerMeaning meaning, parse_line(line, number));
    const bool twice = std::any_of(table.begin(), table.end(), [&](const MarkerMeaning& each) {
      return each.provider == meaning.provider && each.name == meaning.name;
    });
    if (twice) return not_understood(number, "this marker was described before");
    table.push_back(std::move(meaning));
  }
  if (table.empty()) return fail("it describes no marker", kHint, ErrorCode::kUsage);
  return table;
}

}  // namespace triptych::coroutine::probes
