// SPDX-License-Identifier: Apache-2.0
//
// One of Chrome's trace events, as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "export/json_text.hpp"
#include "model/ids.hpp"

namespace triptych::exports {

// In microseconds, to the nanosecond; what began before the recording is shown from there on.
void append_chrome_time(std::string& out, std::string_view name, std::int64_t ns);

// One event, written when it goes out of scope.
class ChromeEvent {
 public:
  ChromeEvent(std::string& out, bool& first, char phase, model::Tid tgid, model::Tid tid)
      : out_(out) {
    if (!first) out_ += ",\n";
    first = false;
    out_ += "{\"ph\":\"";
    out_ += phase;
    out_ += '"';
    append_number(out_, "pid", tgid);
    append_number(out_, "tid", tid);
  }
  ChromeEvent(const ChromeEvent&) = delete;
  ChromeEvent& operator=(const ChromeEvent&) = delete;
  ~ChromeEvent() { out_ += has_args_ ? "}}" : "}"; }

  ChromeEvent& name(std::string_view category, std::string_view name) {
    return text("cat", category).text("name", name);
  }
  ChromeEvent& time(std::string_view field, std::int64_t ns) {
    append_chrome_time(out_, field, ns);
    return *this;
  }
  ChromeEvent& text(std::string_view field, std::string_view value) {
    append_text(out_, field, value);
    return joined();
  }
  ChromeEvent& number(std::string_view field, std::uint64_t value) {
    append_number(out_, field, value);
    return joined();
  }
  // Texts and numbers from here on, at least one, are the event's arguments.
  ChromeEvent& args() {
    out_ += ",\"args\":{";
    first_arg_at_ = out_.size();
    has_args_ = true;
    return *this;
  }

 private:
  // Before the first argument there is no comma.
  ChromeEvent& joined() {
    if (first_arg_at_ != 0) out_.erase(first_arg_at_, 1);
    first_arg_at_ = 0;
    return *this;
  }

  std::string& out_;
  std::size_t first_arg_at_ = 0;
  bool has_args_ = false;
};

}  // namespace triptych::exports
