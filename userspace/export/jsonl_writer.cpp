// SPDX-License-Identifier: Apache-2.0
#include "export/jsonl_writer.hpp"

#include <fmt/format.h>

#include <iterator>
#include <optional>

#include "export/json_text.hpp"
#include "export/row.hpp"

namespace triptych::exports {
namespace {

template <class Number>
void append_known(std::string& out, std::string_view name, const std::optional<Number>& number) {
  if (number) append_number(out, name, *number);
}

}  // namespace

void JsonlWriter::begin(const model::Metadata& /*metadata*/, std::string& /*out*/) {}

void JsonlWriter::write(const Context& context, const analyze::Interval& interval,
                        std::string& out) {
  const Row row = row_of(context, interval);
  out += "{\"kind\":\"";
  out += row.kind;
  out += '"';
  append_number(out, "begin_ns", row.begin_ns);
  append_known(out, "duration_ns", row.duration_ns);
  if (row.task != nullptr) {
    append_number(out, "task", static_cast<std::uint32_t>(row.task->id));
    append_number(out, "tid", row.task->tid);
    append_number(out, "tgid", row.task->tgid);
    append_text(out, "comm", row.task->comm);
  }
  append_known(out, "cpu", row.cpu);
  if (!row.detail.empty()) append_text(out, "detail", row.detail);
  if (row.other != model::kNoTask) {
    append_number(out, "other_task", static_cast<std::uint32_t>(row.other));
  }
  if (row.other_task != nullptr) append_number(out, "other_tid", row.other_task->tid);
  if (row.address) {
    fmt::format_to(std::back_inserter(out), ",\"address\":\"{:#x}\"", *row.address);
  }
  append_known(out, "pages", row.pages);
  if (row.major) out += *row.major ? ",\"major\":true" : ",\"major\":false";
  append_known(out, "coroutine", row.coroutine);
  out += "}\n";
}

}  // namespace triptych::exports
