// SPDX-License-Identifier: Apache-2.0
#include "html/markup.hpp"

#include <algorithm>
#include <cstddef>

#include "base/check.hpp"
#include "base/text.hpp"

namespace triptych::html {
namespace {

bool is_ascii(char byte) {
  return static_cast<signed char>(byte) >= 0;
}

std::string_view reference_for(char byte) {
  switch (byte) {
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '&':
      return "&amp;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

void append_ascii(std::string& out, char byte) {
  const std::string_view reference = reference_for(byte);
  const bool control = (byte < ' ' && byte != '\n' && byte != '\t') || byte == '\x7f';
  if (!reference.empty()) {
    out += reference;
  } else if (control) {
    out += escape({&byte, 1});
  } else {
    out += byte;
  }
}

// U+FFFE and U+FFFF are UTF-8, but may stand in no XML document.
void append_others(std::string& out, std::string_view text) {
  std::string valid = escape(text);
  for (const std::string_view forbidden : {"\xef\xbf\xbe", "\xef\xbf\xbf"}) {
    for (std::size_t at = 0; (at = valid.find(forbidden, at)) != std::string::npos;) {
      valid.replace(at, forbidden.size(), "\xef\xbf\xbd");
    }
  }
  out += valid;
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    if (is_ascii(text[0])) {
      append_ascii(out, text[0]);
      text.remove_prefix(1);
      continue;
    }
    const auto* const end = std::find_if(text.begin(), text.end(), is_ascii);
    const auto length = static_cast<std::size_t>(end - text.begin());
    append_others(out, text.substr(0, length));
    text.remove_prefix(length);
  }
}

void Markup::start(std::string_view element, std::span<const Attribute> attributes) {
  out_ += '<';
  out_ += element;
  for (const Attribute& each : attributes) {
    out_ += ' ';
    out_ += each.name;
    out_ += "=\"";
    append_escaped(out_, each.value);
    out_ += '"';
  }
}

void Markup::open(std::string_view element, Attributes attributes) {
  start(element, {attributes.begin(), attributes.size()});
  out_ += '>';
  open_.push_back(element);
}

void Markup::open(std::string_view element, const ManyAttributes& attributes) {
  start(element, attributes);
  out_ += '>';
  open_.push_back(element);
}

void Markup::close() {
  TRIPTYCH_CHECK(!open_.empty());
  out_ += "</";
  out_ += open_.back();
  out_ += ">\n";
  open_.pop_back();
}

void Markup::text(std::string_view text) {
  append_escaped(out_, text);
}

void Markup::leaf(std::string_view element, std::string_view text, Attributes attributes) {
  start(element, {attributes.begin(), attributes.size()});
  out_ += '>';
  append_escaped(out_, text);
  out_ += "</";
  out_ += element;
  out_ += '>';
}

void Markup::single(std::string_view element, Attributes attributes) {
  start(element, {attributes.begin(), attributes.size()});
  out_ += "/>";
}

void Markup::single(std::string_view element, const ManyAttributes& attributes) {
  start(element, attributes);
  out_ += "/>";
}

std::string Markup::take() {
  TRIPTYCH_CHECK(open_.empty());
  return std::move(out_);
}

}  // namespace triptych::html
