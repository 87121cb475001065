// SPDX-License-Identifier: Apache-2.0
//
// What a page says: the sections of the text report, and what only a page has room for. As in
// document.hpp, all text is safe to show on a terminal; that none of it becomes markup is the
// writer's business.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "profile/profile.hpp"
#include "report/document.hpp"
#include "report/time_line.hpp"
#include "report/view.hpp"

namespace triptych::report {

// Where time went, all of it together.
struct StateBar {
  StateTimes times{};
};

// Small ones of a kind, side by side.
struct BarsGroup {
  std::vector<Bars> members;
};

// What was spent on what, by path.
struct FlameGraph {
  profile::Profile profile;
};

using PageBlock =
    std::variant<Paragraph, Fields, Table, Bars, Tree, StateBar, BarsGroup, TimeLine, FlameGraph>;

struct PageSection {
  std::string id;  // where links go: a word of ours
  std::string title;
  std::string hint;
  std::vector<PageBlock> blocks;
};

struct Page {
  std::string title;                // "triptych report: make -j4"
  std::string subject;              // "make -j4"
  Fields facts;                     // the figures to be seen first
  std::vector<Paragraph> words;     // what happened
  std::vector<Paragraph> verdicts;  // whether to believe it
  Fields context;
  std::vector<PageSection> sections;
  std::string made_by;
};

Page make_page(const View& view, std::optional<TimeLine> time_line,
               std::vector<profile::Profile> profiles);

// Parts of it.
std::vector<Paragraph> words_of(const View& view);  // what happened, in sentences
Fields facts_of(const View& view);
std::vector<Bars> fault_bars(const View& view);     // how long faults of each kind took
std::optional<Table> fork_bills(const View& view);  // what each fork cost, copies included

}  // namespace triptych::report
