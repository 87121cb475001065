// SPDX-License-Identifier: Apache-2.0
#include "export/jsonl_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "export/row.hpp"

namespace triptych::exports {
namespace {

bool needs_no_escape(std::string_view raw) {
  return std::all_of(raw.begin(), raw.end(), [](char byte) {
    return byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
  });
}

void append_text(std::string& out, std::string_view name, std::string_view raw) {
  out += ",\"";
  out += name;
  out += "\":";
  if (needs_no_escape(raw)) {
    out += '"';
    out += raw;
    out += '"';
    return;
  }
  using nlohmann::json;
  out += json(raw).dump(-1, ' ', true, json::error_handler_t::replace);
}

template <class Number>
void append_number(std::string& out, std::string_view name, Number number) {
  out += ",\"";
  out += name;
  out += "\":";
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

template <class Number>
void append_number(std::string& out, std::string_view name, const std::optional<Number>& number) {
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
  append_number(out, "duration_ns", row.duration_ns);
  if (row.task != nullptr) {
    append_number(out, "task", static_cast<std::uint32_t>(row.task->id));
    append_number(out, "tid", row.task->tid);
    append_number(out, "tgid", row.task->tgid);
    append_text(out, "comm", row.task->comm);
  }
  append_number(out, "cpu", row.cpu);
  if (!row.detail.empty()) append_text(out, "detail", row.detail);
  if (row.other != model::kNoTask) {
    append_number(out, "other_task", static_cast<std::uint32_t>(row.other));
  }
  if (row.other_task != nullptr) append_number(out, "other_tid", row.other_task->tid);
  if (row.address) {
    fmt::format_to(std::back_inserter(out), ",\"address\":\"{:#x}\"", *row.address);
  }
  append_number(out, "pages", row.pages);
  if (row.major) out += *row.major ? ",\"major\":true" : ",\"major\":false";
  append_number(out, "coroutine", row.coroutine);
  out += "}\n";
}

}  // namespace triptych::exports
