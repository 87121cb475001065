// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace triptych::record {

// A word, or words, to paste into a shell; nothing in them can move a terminal's cursor.
std::string shell_word(std::string_view word);
std::string shell_words(const std::vector<std::string>& words);

}  // namespace triptych::record
