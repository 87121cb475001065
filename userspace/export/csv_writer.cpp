// SPDX-License-Identifier: Apache-2.0
#include "export/csv_writer.hpp"

#include <fmt/format.h>

#include <iterator>

#include "base/text.hpp"
#include "export/row.hpp"

namespace triptych::exports {
namespace {

template <class Number>
void append_cell(std::string& out, Number number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

template <class Number>
void append_cell(std::string& out, const std::optional<Number>& number) {
  if (number) append_cell(out, *number);
}

// What a target chose stands in one line and one field, whatever it is.
void append_text(std::string& out, std::string_view raw) {
  const std::string text = escape(raw);
  if (text.find_first_of(",\"") == std::string::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char byte : text) {
    if (byte == '"') out += '"';
    out += byte;
  }
  out += '"';
}

void append_identity(std::string& out, const analyze::Task* task) {
  if (task == nullptr) {
    out += ",,,,";
    return;
  }
  out += ',';
  append_cell(out, static_cast<std::uint32_t>(task->id));
  out += ',';
  append_cell(out, task->tid);
  out += ',';
  append_cell(out, task->tgid);
  out += ',';
  append_text(out, task->comm);
}

}  // namespace

void CsvWriter::begin(const model::Metadata& /*metadata*/, std::string& out) {
  out +=
      "kind,begin_ns,duration_ns,task,tid,tgid,comm,cpu,detail,other_task,other_tid,address,pages,"
      "major,coroutine\n";
}

void CsvWriter::write(const Context& context, const analyze::Interval& interval, std::string& out) {
  const Row row = row_of(context, interval);
  out += row.kind;
  out += ',';
  append_cell(out, row.begin_ns);
  out += ',';
  append_cell(out, row.duration_ns);
  append_identity(out, row.task);
  out += ',';
  append_cell(out, row.cpu);
  out += ',';
  append_text(out, row.detail);
  out += ',';
  if (row.other != model::kNoTask) append_cell(out, static_cast<std::uint32_t>(row.other));
  out += ',';
  if (row.other_task != nullptr) append_cell(out, row.other_task->tid);
  out += ',';
  if (row.address) fmt::format_to(std::back_inserter(out), "{:#x}", *row.address);
  out += ',';
  append_cell(out, row.pages);
  out += ',';
  if (row.major) out += *row.major ? "true" : "false";
  out += ',';
  append_cell(out, row.coroutine);
  out += '\n';
}

}  // namespace triptych::exports
