// SPDX-License-Identifier: Apache-2.0
//
// What all pages have in common: one file that loads nothing, reads well in light and dark, on a
// phone and on paper, and needs no script to be read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "html/markup.hpp"

namespace triptych::html {

struct Chapter {
  std::string id;  // of its element; the program's own word
  std::string title;
};

// Up to the first element of the page's body, in which the caller goes on.
void begin_page(Markup& page, std::string_view title, std::string_view about);
void write_contents(Markup& page, const std::vector<Chapter>& chapters);
void begin_chapter(Markup& page, const Chapter& chapter, std::string_view hint);
void end_chapter(Markup& page);
void end_page(Markup& page, std::string_view made_by);

}  // namespace triptych::html
