// SPDX-License-Identifier: Apache-2.0
#include "trace/json_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "trace/fields.hpp"

namespace triptych::trace {
namespace {

std::string json_string(std::string_view raw) {
  using nlohmann::json;
  return json(raw).dump(-1, ' ', true, json::error_handler_t::replace);
}

class JsonVisitor {
 public:
  explicit JsonVisitor(std::string& out) : out_(out) {}

  template <class T>
  void number(std::string_view name, T value) {
    if constexpr (std::is_enum_v<T>) {
      field(name, "{}", static_cast<std::underlying_type_t<T>>(value));
    } else {
      field(name, "{}", value);
    }
  }
  template <class T>
  void number_or(std::string_view name, T value, T /*absent*/) {
    number(name, value);
  }
  template <class T>
  void hex(std::string_view name, T value) {
    field(name, "\"{:#x}\"", value);
  }
  void flag(std::string_view name, bool value) { field(name, "{}", value); }
  template <std::size_t N>
  void text(std::string_view name, const model::FixedString<N>& value) {
    field(name, "{}", json_string(value.view()));
  }
  void arguments(std::string_view name, const model::TaskExec& exec) {
    std::string_view rest(exec.args.data(),
                          std::min<std::size_t>(exec.args_size, exec.args.size()));
    std::string list;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\0'), rest.size());
      if (!list.empty()) list += ',';
      list += json_string(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    field(name, "[{}]", list);
  }
  template <class T>
  void build_id(std::string_view name, const T& file) {
    const std::span used = std::span(file.build_id).first(file.build_id_size);
    field(name, "\"{:02x}\"", fmt::join(used, ""));
  }
  void frames(std::string_view name, const model::Stack& stack) {
    std::string list;
    for (const std::uint64_t value : std::span(stack.frame).first(stack.frames)) {
      const auto frame = model::KernelFrame::of(value);
      if (!list.empty()) list += ',';
      list += stack.symbols ? fmt::format("\"{}+{:#x}\"", frame.symbol, frame.offset)
                            : fmt::format("\"{:#x}\"", value);
    }
    field(name, "[{}]", list);
  }
  template <class T>
  void choice(std::string_view name, T value, const ChoiceNames& names) {
    field(name, "\"{}\"", names.names[static_cast<unsigned>(value) - names.first]);
  }
  template <class T, std::size_t N>
  void list(std::string_view name, const std::array<T, N>& values) {
    field(name, "[{}]", fmt::join(values, ","));
  }
  template <std::size_t N>
  void hex_list(std::string_view name, const std::array<std::uint64_t, N>& values) {
    field(name, "[\"{:#x}\"]", fmt::join(values, "\",\""));
  }
  template <std::size_t N>
  void bytes(std::string_view name, const std::array<std::uint8_t, N>& values) {
    std::size_t used = N;
    while (used > 0 && values[used - 1] == 0) --used;
    field(name, "\"{:02x}\"", fmt::join(values.begin(), values.begin() + used, ""));
  }

 private:
  template <class T>
  void field(std::string_view name, fmt::format_string<T> format, T&& value) {
    fmt::format_to(std::back_inserter(out_), ",\"{}\":", name);
    fmt::format_to(std::back_inserter(out_), format, std::forward<T>(value));
  }

  std::string& out_;
};

}  // namespace

void append_json_line(std::string& out, const model::Event& event) {
  fmt::format_to(std::back_inserter(out), "{{\"ts_ns\":{},\"cpu\":{},\"task\":{},\"kind\":\"{}\"",
                 event.ts_ns, event.cpu, static_cast<std::uint32_t>(event.task),
                 kKindNames[event.payload.index()]);
  JsonVisitor visitor(out);
  std::visit([&visitor](const auto& payload) { visit_fields(payload, visitor); }, event.payload);
  out += "}\n";
}

}  // namespace triptych::trace
