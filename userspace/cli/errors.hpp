// SPDX-License-Identifier: Apache-2.0
//
// How errors look: "error: …" and, where there is one, "hint: …" on standard error.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace triptych::cli {

// Colours belong on a terminal, and only where NO_COLOR (no-color.org) and TERM allow them.
bool colours_wanted(int fd);

// Of the terminal; 100 for anything else.
unsigned width_of(int fd);

void print_error(const Error& error);

// What CLI11 says about a command line, in our words: always ErrorCode::kUsage, with the nearest
// known command or option, or where to read on, as the hint.
Error describe_parse_error(const CLI::ParseError& error, const CLI::App& app);

// The word of `known` that `word` was most likely meant to be; empty when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace triptych::cli
