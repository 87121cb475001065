// SPDX-License-Identifier: Apache-2.0
#include "cli/errors.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "base/text.hpp"
#include "cli/command.hpp"

namespace triptych::cli {
namespace {

// Levenshtein distance in which exchanging two neighbours costs one, as typing errors go.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

const CLI::App& command_in_use(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : *chosen.front();
}

std::string full_name(const CLI::App& app) {
  if (app.get_parent() == nullptr) return app.get_name();
  return app.get_parent()->get_name() + " " + app.get_name();
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

Error describe_extras(const CLI::App& app) {
  const CLI::App& command = command_in_use(app);
  const std::vector<std::string> extras = app.remaining(true);
  const std::string word = extras.empty() ? "" : extras.front();
  const std::string help = fmt::format("{} --help", full_name(command));
  if (word.size() > 1 && word.front() == '-') {
    const std::string name = word.substr(0, word.find('='));
    const std::string near = nearest(name, option_names(command));
    return {ErrorCode::kUsage, fmt::format("unknown option {}", quote(name)),
            near.empty() ? help : fmt::format("did you mean {}? ({})", near, help)};
  }
  if (&command == &app) {
    const std::string near = nearest(word, command_names(app));
    return {ErrorCode::kUsage, fmt::format("unknown command {}", quote(word)),
            near.empty() ? help : fmt::format("did you mean {}? ({})", near, help)};
  }
  return {ErrorCode::kUsage, fmt::format("one argument too many: {}", quote(word)), help};
}

}  // namespace

bool colours_wanted(int fd) {
  const char* no_colour = std::getenv("NO_COLOR");
  if (no_colour != nullptr && *no_colour != '\0') return false;
  const char* terminal = std::getenv("TERM");
  if (terminal == nullptr || std::string_view(terminal) == "dumb") return false;
  return ::isatty(fd) == 1;
}

unsigned width_of(int fd) {
  constexpr unsigned kWidth = 100;
  winsize size{};
  if (::isatty(fd) != 1 || ::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kWidth;
  return size.ws_col;
}

// Without a standard error there is nobody to tell: that is no reason to fail in another way.
void print_error(const Error& error) {
  const bool colours = colours_wanted(STDERR_FILENO);
  const char* const plain = colours ? "\033[0m" : "";
  std::string text =
      fmt::format("{}error:{} {}\n", colours ? "\033[1;31m" : "", plain, error.message);
  if (!error.hint.empty()) {
    text += fmt::format("{}hint:{} {}\n", colours ? "\033[1;36m" : "", plain, error.hint);
  }
  std::fputs(text.c_str(), stderr);
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kLongest = 64;  // nobody mistypes a longer one; bounds the table
  if (word.size() > kLongest) return {};
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

Error describe_parse_error(const CLI::ParseError& error, const CLI::App& app) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) return describe_extras(app);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    // "--tid: 1 required INT missing"
    const std::string text = error.what();
    return {ErrorCode::kUsage,
            fmt::format("{} needs a value", escape(text.substr(0, text.find(':')))),
            fmt::format("{} --help", full_name(command_in_use(app)))};
  }
  return {ErrorCode::kUsage, escape(error.what()),
          fmt::format("{} --help", full_name(command_in_use(app)))};
}

CLI::Validator one_of(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) {
    if (!list.empty()) list += ", ";
    list += word;
  }
  const auto check = [words, list](std::string& value) {
    if (std::find(words.begin(), words.end(), value) != words.end()) return std::string();
    return fmt::format("{} is none of {}", quote(value), list);
  };
  return CLI::Validator(check, "{" + list + "}", "one_of");
}

CLI::Validator whole_number(std::uint64_t from, std::uint64_t to) {
  const auto check = [from, to](std::string& value) {
    std::uint64_t number = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end && number >= from && number <= to) {
      return std::string();
    }
    return fmt::format("{} is not a whole number from {} to {}", quote(value), format_count(from),
                       format_count(to));
  };
  return CLI::Validator(check, "", "whole_number");
}

}  // namespace triptych::cli
