// SPDX-License-Identifier: Apache-2.0
//
// Prints the page of a comparison that nobody has to run: html_browser_test.py looks at it.
#include <cstdio>

#include "compare/figures.hpp"
#include "compare/html.hpp"
#include "unit/compare/sample.hpp"

int main() {
  triptych::compare::Document document = triptych::compare::test::create_document();
  decide(document);
  const std::string page = write_html(document);
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
