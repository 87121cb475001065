// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a text trace; what is read must survive being written and read again.
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "base/text.hpp"
#include "support/memory_file.hpp"
#include "trace/json_lines.hpp"
#include "trace/open_source.hpp"
#include "trace/text_event.hpp"
#include "trace/text_writer.hpp"

namespace {

using namespace triptych;

void check_event(const model::Event& event) {
  std::string line;
  trace::append_text(line, event);
  TRIPTYCH_CHECK(line.find('\n') == line.size() - 1);
  line.pop_back();
  model::Event again;
  std::string problem;
  TRIPTYCH_CHECK(trace::parse_text_event(line, again, problem));
  TRIPTYCH_CHECK(again == event);
  std::string json;
  trace::append_json_line(json, event);
  TRIPTYCH_CHECK(json.find('\n') == json.size() - 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  TRIPTYCH_CHECK(unescape(escape(text)) == text);
  const test::MemoryFile file(text);
  UniqueFd fd = file.fd();
  ::lseek(fd.get(), 0, SEEK_SET);
  auto source = trace::open_source_fd(std::move(fd), "fuzz");
  if (!source) return 0;
  model::Event event;
  while ((*source)->next(event)) check_event(event);
  std::string whole;
  trace::append_text(whole, (*source)->metadata());
  trace::append_text(whole, (*source)->quality());
  if ((*source)->ending()) trace::append_text(whole, *(*source)->ending());
  return 0;
}
