// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/encoding.hpp"

#include <string>
#include <utility>

#include "abi/coroutines.h"
#include "coroutine/reader/discovery_encoding.hpp"

namespace triptych::coroutine::reader {
namespace {

constexpr std::size_t kLeastWord = sizeof(std::uint64_t);
constexpr std::size_t kLeastMeaning = 6 * kLeastWord;
constexpr std::size_t kLeastRuntime = kLeastWord;

template <class Id>
void put_id(WireWriter& writer, Id id) {
  writer.number(static_cast<std::uint64_t>(id));
}

RuntimeId read_runtime(WireReader& reader) {
  return static_cast<RuntimeId>(reader.number(kRuntimeIds - 1));
}

void put(WireWriter& writer, const Error& error) {
  put_id(writer, error.code);
  writer.text(error.message);
  writer.text(error.hint);
}

tl::unexpected<Error> read_error(WireReader& reader) {
  const std::uint64_t code = reader.number(static_cast<std::uint64_t>(ErrorCode::kCapability));
  reader.check(code != 0);
  Error error{static_cast<ErrorCode>(code), reader.sentence(), {}};
  error.hint = reader.sentence();
  return tl::unexpected<Error>(std::move(error));
}

void put(WireWriter& writer, const std::vector<std::string>& texts) {
  writer.number(texts.size());
  for (const std::string& each : texts) writer.text(each);
}

std::vector<std::string> read_texts(WireReader& reader) {
  std::vector<std::string> texts(reader.count(kLeastWord));
  for (std::string& each : texts) each = reader.text();
  return texts;
}

void put(WireWriter& writer, const Traits& traits) {
  writer.flag(traits.links_recorder);
  writer.flag(traits.has_symbols);
  writer.flag(traits.allocates_in_cpp);
  writer.number(traits.own_markers);
  writer.number(traits.exported_name_bytes);
}

Traits read_traits(WireReader& reader) {
  Traits traits;
  traits.links_recorder = reader.flag();
  traits.has_symbols = reader.flag();
  traits.allocates_in_cpp = reader.flag();
  traits.own_markers = reader.number();
  traits.exported_name_bytes = reader.number();
  return traits;
}

void put(WireWriter& writer, const Result<std::vector<probes::Place>>& markers) {
  writer.flag(markers.has_value());
  if (markers) {
    put(writer, *markers);
  } else {
    put(writer, markers.error());
  }
}

Result<std::vector<probes::Place>> read_markers(WireReader& reader, std::uint64_t file_size) {
  if (!reader.flag()) return read_error(reader);
  return read_places(reader, file_size, 0);
}

}  // namespace

Bytes encode(const Wanted& wanted) {
  WireWriter writer;
  put_id(writer, Question::kExamine);
  writer.number(wanted.runtimes.size());
  for (const RuntimeId each : wanted.runtimes) put_id(writer, each);
  writer.flag(wanted.unless_it_links_recorder);
  writer.number(wanted.markers.size());
  for (const probes::MarkerMeaning& each : wanted.markers) {
    writer.text(each.provider);
    writer.text(each.name);
    writer.number(each.what);
    writer.number(each.id);
    writer.number(each.second);
    writer.number(each.arguments);
  }
  writer.text(wanted.function);
  writer.flag(wanted.needs);
  writer.flag(wanted.traits);
  return writer.bytes();
}

Bytes encode_python_question(std::string_view symbol) {
  WireWriter writer;
  put_id(writer, Question::kPython);
  writer.text(symbol);
  return writer.bytes();
}

Bytes encode(const ModuleQuestion& question) {
  WireWriter writer;
  put_id(writer, Question::kModule);
  put_id(writer, question.runtime);
  put(writer, question.interpreter);
  return writer.bytes();
}

Bytes encode(const LandingQuestion& question) {
  WireWriter writer;
  put_id(writer, Question::kLanding);
  writer.number(question.file);
  put_id(writer, question.runtime);
  writer.flag(question.is_offset);
  writer.number(question.at);
  writer.flag(question.may_be_dear);
  return writer.bytes();
}

Question read_question(WireReader& reader) {
  return static_cast<Question>(reader.number(kQuestions - 1));
}

Wanted read_wanted(WireReader& reader) {
  Wanted wanted;
  wanted.runtimes.resize(reader.count(kLeastRuntime));
  for (RuntimeId& each : wanted.runtimes) each = read_runtime(reader);
  wanted.unless_it_links_recorder = reader.flag();
  wanted.markers.resize(reader.count(kLeastMeaning));
  for (probes::MarkerMeaning& each : wanted.markers) {
    each.provider = reader.text();
    each.name = reader.text();
    each.what = static_cast<std::uint8_t>(reader.number(TRIPTYCH_COROUTINE_AWAITS));
    each.id = static_cast<std::size_t>(reader.number());
    each.second = static_cast<std::size_t>(reader.number());
    each.arguments = static_cast<std::size_t>(reader.number());
  }
  wanted.function = reader.text();
  wanted.needs = reader.flag();
  wanted.traits = reader.flag();
  return wanted;
}

ModuleQuestion read_module_question(WireReader& reader) {
  ModuleQuestion question;
  question.runtime = read_runtime(reader);
  question.interpreter = read_interpreter_layout(reader);
  return question;
}

LandingQuestion read_landing_question(WireReader& reader) {
  LandingQuestion question;
  question.file = static_cast<std::uint32_t>(reader.number(~std::uint32_t{0}));
  question.runtime = read_runtime(reader);
  question.is_offset = reader.flag();
  question.at = reader.number();
  question.may_be_dear = reader.flag();
  return question;
}

Bytes encode(const Examined& answer) {
  WireWriter writer;
  writer.flag(answer.is_program);
  writer.number(answer.runtimes.size());
  for (const FoundRuntime& each : answer.runtimes) {
    put_id(writer, each.runtime);
    put(writer, each.found);
  }
  writer.flag(answer.markers.has_value());
  if (answer.markers) put(writer, *answer.markers);
  writer.flag(answer.function.has_value());
  if (answer.function) put(writer, *answer.function);
  put(writer, answer.needs.names);
  writer.text(answer.needs.folders);
  put(writer, answer.traits);
  return writer.bytes();
}

std::optional<Examined> decode_examined(std::span<const std::byte> bytes, std::uint64_t file_size) {
  WireReader reader(bytes);
  Examined answer;
  answer.is_program = reader.flag();
  answer.runtimes.resize(reader.count(kLeastRuntime));
  reader.check(answer.runtimes.size() <= kRuntimeIds);
  for (FoundRuntime& each : answer.runtimes) {
    each.runtime = read_runtime(reader);
    each.found = read_discovery(reader, file_size);
  }
  if (reader.flag()) answer.markers = read_markers(reader, file_size);
  if (reader.flag()) answer.function = read_discovery(reader, file_size);
  answer.needs.names = read_texts(reader);
  answer.needs.folders = reader.text();
  answer.traits = read_traits(reader);
  if (!reader.whole()) return std::nullopt;
  return answer;
}

Bytes encode(const PythonPart& answer) {
  WireWriter writer;
  writer.flag(answer.is_program);
  writer.flag(answer.interpreter.has_value());
  if (!answer.interpreter) {
    put(writer, answer.interpreter.error());
  } else {
    writer.flag(answer.interpreter->has_value());
    if (*answer.interpreter) put(writer, **answer.interpreter);
  }
  writer.flag(answer.exports);
  put(writer, answer.needed);
  return writer.bytes();
}

std::optional<PythonPart> decode_python_part(std::span<const std::byte> bytes) {
  WireReader reader(bytes);
  PythonPart answer;
  answer.is_program = reader.flag();
  if (!reader.flag()) {
    answer.interpreter = read_error(reader);
  } else if (reader.flag()) {
    answer.interpreter = read_interpreter_layout(reader);
  }
  answer.exports = reader.flag();
  answer.needed = read_texts(reader);
  if (!reader.whole()) return std::nullopt;
  return answer;
}

Bytes encode(const Result<discover::Discovery>& answer) {
  WireWriter writer;
  writer.flag(answer.has_value());
  if (answer) {
    put(writer, *answer);
  } else {
    put(writer, answer.error());
  }
  return writer.bytes();
}

std::optional<Result<discover::Discovery>> decode_discovery(std::span<const std::byte> bytes,
                                                            std::uint64_t file_size) {
  WireReader reader(bytes);
  Result<discover::Discovery> answer;
  if (reader.flag()) {
    answer = read_discovery(reader, file_size);
  } else {
    answer = read_error(reader);
  }
  if (!reader.whole()) return std::nullopt;
  return answer;
}

Bytes encode(const Landing& answer) {
  WireWriter writer;
  writer.flag(answer.address.has_value());
  if (answer.address) writer.number(*answer.address);
  writer.flag(answer.place.has_value());
  if (answer.place) put(writer, *answer.place);
  return writer.bytes();
}

std::optional<Landing> decode_landing(std::span<const std::byte> bytes, std::uint64_t file_size) {
  WireReader reader(bytes);
  Landing answer;
  if (reader.flag()) answer.address = reader.number();
  if (reader.flag()) answer.place = read_place(reader, file_size, 0);
  if (!reader.whole()) return std::nullopt;
  return answer;
}

}  // namespace triptych::coroutine::reader
