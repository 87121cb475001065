// SPDX-License-Identifier: Apache-2.0
#include "report/html_tree.hpp"

#include <vector>

#include "report/html_writer.hpp"

namespace triptych::report {
namespace {

using Linked = std::unordered_set<std::uint32_t>;

// "100 make: the command, …": what is before the colon leads on.
void write_label(html::Markup& page, const TreeLine& line, const Linked& linked) {
  const std::size_t colon = line.text.find(": ");
  if (line.task == 0 || linked.count(line.task) == 0 || colon == std::string::npos) {
    page.text(line.text);
    return;
  }
  page.leaf("a", line.text.substr(0, colon), {{"href", "#" + anchor("task", line.task)}});
  page.text(line.text.substr(colon));
}

void open_item(html::Markup& page, const TreeLine& line, bool folds, const Linked& linked) {
  std::string tone = line.tone == Tone::kWarning ? "warning" : "plain";
  if (line.tone == Tone::kFaint) tone = "faint";
  if (line.task != 0) {
    page.open("li", {{"id", anchor("tree", line.task)}, {"class", tone}});
  } else {
    page.open("li", {{"class", tone}});
  }
  if (folds) {
    page.open("details", {{"open", ""}});
    page.open("summary");
  } else {
    page.open("div", {{"class", "line"}});
  }
  write_label(page, line, linked);
  page.close();
}

struct OpenItem {
  bool folds = false;
  bool has_list = false;  // of the items below it
};

void close_item(html::Markup& page, const OpenItem& item) {
  if (item.has_list) page.close();
  if (item.folds) page.close();
  page.close();
}

}  // namespace

void write_tree(html::Markup& page, const Tree& tree, const Linked& linked) {
  page.open("ul", {{"class", "tree"}});
  std::vector<OpenItem> open;  // one a level
  for (const TreeLine& line : tree.lines) {
    if (line.detail) {
      page.leaf("p", line.text, {{"class", "detail"}});
      continue;
    }
    for (; open.size() > line.depth; open.pop_back()) close_item(page, open.back());
    if (!open.empty() && !open.back().has_list) {
      page.open("ul");
      open.back().has_list = true;
    }
    open_item(page, line, line.has_children, linked);
    open.push_back({line.has_children, false});
  }
  for (; !open.empty(); open.pop_back()) close_item(page, open.back());
  page.close();
  if (!tree.more.empty()) page.leaf("p", tree.more, {{"class", "faint"}});
}

}  // namespace triptych::report
