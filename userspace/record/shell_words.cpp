// SPDX-License-Identifier: Apache-2.0
#include "record/shell_words.hpp"

#include "base/text.hpp"

namespace triptych::record {
namespace {

constexpr std::string_view kHarmless =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";

std::string replace_all(std::string_view text, char what, std::string_view with) {
  std::string result;
  for (const char c : text) {
    if (c == what) {
      result += with;
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace

std::string shell_word(std::string_view word) {
  if (!word.empty() && word.find_first_not_of(kHarmless) == std::string_view::npos) {
    return std::string(word);
  }
  const std::string escaped = escape(word);
  if (escaped == word) return "'" + replace_all(word, '\'', "'\\''") + "'";
  return "$'" + replace_all(escaped, '\'', "\\'") + "'";
}

std::string shell_words(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += shell_word(word);
  }
  return line;
}

}  // namespace triptych::record
