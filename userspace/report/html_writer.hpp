// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "html/markup.hpp"
#include "report/page.hpp"

namespace triptych::report {

// One file, complete in itself.
std::string write_html(const Page& page);

// The class by which the style sheet colours a state, and what it is called.
const char* class_of(TaskState state);
const char* words_of(TaskState state);

// Where in the page a task is: links lead from one to the other.
std::string anchor(const char* place, std::uint32_t task);  // "task-12"

void write_flame_graph(html::Markup& page, const FlameGraph& graph);
void write_time_line(html::Markup& page, const TimeLine& line);

}  // namespace triptych::report
