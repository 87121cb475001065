// SPDX-License-Identifier: Apache-2.0
//
// Writes elements that are closed in the order in which they were opened, so that a page is
// well-formed by construction, as HTML and as XML. Names of elements and attributes are the
// program's own words; every text and every value of an attribute may be anybody's, and none of
// them can become markup.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace triptych::html {

struct Attribute {
  std::string_view name;
  std::string value;
};
using Attributes = std::initializer_list<Attribute>;
using ManyAttributes = std::vector<Attribute>;  // where it depends which there are

class Markup {
 public:
  void open(std::string_view element, Attributes attributes = {});
  void open(std::string_view element, const ManyAttributes& attributes);
  void close();  // the innermost
  void text(std::string_view text);
  // The element with this text alone in it.
  void leaf(std::string_view element, std::string_view text, Attributes attributes = {});
  // One that has no content and no end: meta, br, rect.
  void single(std::string_view element, Attributes attributes = {});
  void single(std::string_view element, const ManyAttributes& attributes);
  // The project's own style sheet or script, which is markup already.
  void verbatim(std::string_view ours) { out_ += ours; }

  // All elements must be closed.
  [[nodiscard]] std::string take();

 private:
  void start(std::string_view element, std::span<const Attribute> attributes);

  std::string out_;
  std::vector<std::string_view> open_;
};

// Characters of markup become references; what is no UTF-8, and control characters, become \xNN.
void append_escaped(std::string& out, std::string_view text);

}  // namespace triptych::html
