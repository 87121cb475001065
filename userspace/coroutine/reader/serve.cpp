// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/serve.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "coroutine/discover/dynamic_symbols.hpp"
#include "coroutine/discover/named_function.hpp"
#include "coroutine/discover/symbols.hpp"
#include "coroutine/probes/elf_file.hpp"
#include "coroutine/reader/channel.hpp"
#include "coroutine/reader/encoding.hpp"

namespace triptych::coroutine::reader {
namespace {

using probes::ElfFile;

std::uint64_t count_own_markers(const ElfFile& file) {
  const auto markers = probes::read_markers(file);
  if (!markers) return 0;
  return static_cast<std::uint64_t>(std::count_if(
      markers->begin(), markers->end(),
      [](const probes::Marker& each) { return each.provider == probes::kOwnProvider; }));
}

Traits traits_of(const ElfFile& file) {
  Traits traits;
  traits.links_recorder = discover::links_recorder(file);
  traits.has_symbols = discover::has_symbols(file);
  traits.allocates_in_cpp = discover::allocates_in_cpp(file);
  traits.own_markers = count_own_markers(file);
  const probes::Section* exported = file.section(".dynsym");
  traits.exported_name_bytes = exported == nullptr ? 0 : exported->size;
  return traits;
}

bool exports_symbol(const ElfFile& file, const std::string& symbol) {
  const auto symbols = discover::DynamicSymbols::read(file);
  return symbols && symbols->defined(symbol) != nullptr;
}

class Server {
 public:
  // Empty: that was no question.
  Bytes answer(std::span<const std::byte> question, UniqueFd file) {
    WireReader reader(question);
    switch (read_question(reader)) {
      case Question::kExamine: {
        const Wanted wanted = read_wanted(reader);
        return reader.whole() ? examine(wanted, std::move(file)) : Bytes();
      }
      case Question::kPython: {
        const std::string symbol = reader.text();
        return reader.whole() ? look_for_python(symbol, std::move(file)) : Bytes();
      }
      case Question::kModule: {
        const ModuleQuestion of_module = read_module_question(reader);
        return reader.whole() ? look_into_module(of_module, std::move(file)) : Bytes();
      }
      case Question::kLanding: {
        const LandingQuestion of_landing = read_landing_question(reader);
        return reader.whole() ? find_landing(of_landing, std::move(file)) : Bytes();
      }
    }
    return {};
  }

 private:
  static Bytes examine(const Wanted& wanted, UniqueFd file) {
    Examined answer;
    const auto elf = ElfFile::open(std::move(file));
    answer.is_program = elf.has_value();
    if (!elf) return encode(answer);
    if (!wanted.markers.empty()) answer.markers = probes::plan_markers(*elf, wanted.markers);
    if (!wanted.function.empty()) {
      auto found = discover::discover_function(*elf, wanted.function);
      if (found) answer.function = std::move(*found);
    }
    if (wanted.needs) answer.needs = discover::needs_of(*elf);
    if (wanted.traits) answer.traits = traits_of(*elf);
    if (wanted.unless_it_links_recorder && discover::links_recorder(*elf)) return encode(answer);
    for (const RuntimeId each : wanted.runtimes) {
      auto found = discover_runtime(each, *elf);
      if (found) answer.runtimes.push_back({each, std::move(*found)});
    }
    return encode(answer);
  }

  static Bytes look_for_python(const std::string& symbol, UniqueFd file) {
    PythonPart answer;
    const auto elf = ElfFile::open(std::move(file));
    answer.is_program = elf.has_value();
    if (!elf) {
      answer.interpreter = tl::unexpected<Error>(elf.error());
      return encode(answer);
    }
    answer.interpreter = discover::read_interpreter(*elf);
    answer.exports = !symbol.empty() && exports_symbol(*elf, symbol);
    answer.needed = discover::needs_of(*elf).names;
    return encode(answer);
  }

  static Bytes look_into_module(const ModuleQuestion& question, UniqueFd file) {
    const auto elf = ElfFile::open(std::move(file));
    if (!elf) return encode(Result<discover::Discovery>(tl::unexpected<Error>(elf.error())));
    return encode(discover_in_module(question.runtime, *elf, question.interpreter));
  }

  Bytes find_landing(const LandingQuestion& question, UniqueFd file) {
    if (file) {
      auto elf = ElfFile::open(std::move(file));
      if (elf) files_.insert_or_assign(question.file, std::move(*elf));
    }
    Landing answer;
    const auto elf = files_.find(question.file);
    if (elf == files_.end()) return encode(answer);
    answer.address = question.is_offset ? elf->second.code_address(question.at) : question.at;
    if (answer.address) {
      answer.place =
          landing_of(question.runtime, elf->second, *answer.address, question.may_be_dear);
    }
    return encode(answer);
  }

  std::map<std::uint32_t, ElfFile> files_;  // of landings
};

}  // namespace

void serve(int socket) {
  Server server;
  for (;;) {
    UniqueFd file;
    const auto question = receive_message(socket, &file, kForEver);
    if (!question) return;
    const Bytes answer = server.answer(*question, std::move(file));
    if (answer.empty() || !send_message(socket, answer, -1, kForEver)) return;
  }
}

}  // namespace triptych::coroutine::reader
