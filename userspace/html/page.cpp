// SPDX-License-Identifier: Apache-2.0
#include "html/page.hpp"

#include <fmt/core.h>

#include "html/assets.hpp"

namespace triptych::html {

void begin_page(Markup& page, std::string_view title, std::string_view about) {
  page.verbatim("<!DOCTYPE html>\n");
  page.open("html", {{"xmlns", "http://www.w3.org/1999/xhtml"}, {"lang", "en"}});
  page.open("head");
  page.single("meta", {{"charset", "utf-8"}});
  page.single("meta",
              {{"http-equiv", "Content-Security-Policy"},
               {"content", fmt::format("default-src 'none'; style-src '{}'; script-src '{}'; "
                                       "img-src data:; base-uri 'none'; form-action 'none'",
                                       style_hash(), script_hash())}});
  page.single("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  page.single("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  page.single("meta", {{"name", "description"}, {"content", std::string(about)}});
  // Without one a browser asks the server that the page came from.
  page.single("link", {{"rel", "icon"}, {"href", "data:,"}});
  page.leaf("title", title);
  page.open("style");
  page.verbatim(style_sheet());
  page.close();
  page.close();
  page.open("body");
}

void write_contents(Markup& page, const std::vector<Chapter>& chapters) {
  page.open("nav", {{"class", "contents"}, {"aria-label", "Contents"}});
  page.open("ul");
  for (const Chapter& each : chapters) {
    page.open("li");
    page.leaf("a", each.title, {{"href", "#" + each.id}});
    page.close();
  }
  page.close();
  page.close();
}

void begin_chapter(Markup& page, const Chapter& chapter, std::string_view hint) {
  page.open("section", {{"id", chapter.id}});
  page.leaf("h2", chapter.title);
  if (!hint.empty()) page.leaf("p", hint, {{"class", "hint"}});
}

void end_chapter(Markup& page) {
  page.close();
}

void end_page(Markup& page, std::string_view made_by) {
  page.leaf("footer", made_by);
  page.open("script");
  page.verbatim(script());
  page.close();
  page.close();
  page.close();
}

}  // namespace triptych::html
