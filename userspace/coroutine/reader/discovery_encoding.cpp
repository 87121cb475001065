// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/discovery_encoding.hpp"

#include <asm/ptrace.h>

#include <limits>
#include <string_view>

#include "abi/config.h"
#include "abi/coroutines.h"

namespace triptych::coroutine::reader {
namespace {

using discover::Discovery;
using discover::Function;
using probes::Place;

constexpr std::size_t kLeastNumber = sizeof(std::uint64_t);
constexpr std::size_t kLeastFunction = 2 * kLeastNumber;
constexpr std::size_t kLeastPlace = 2 * kLeastNumber + sizeof(triptych_coroutine_site);

constexpr std::uint8_t kMostKind = TRIPTYCH_UCONTEXT_SET;

bool is_width(unsigned bytes) {
  return bytes == 0 || bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

// The kernel side reads a word of a hit's registers at any place that this names.
bool is_sound(const triptych_operand& operand) {
  return operand.kind <= TRIPTYCH_OPERAND_MEMORY && operand.is_signed <= 1 &&
         is_width(operand.bytes) &&
         operand.register_offset <= sizeof(pt_regs) - sizeof(std::uint64_t);
}

bool is_sound(const triptych_coroutine_site& site, std::size_t functions) {
  return is_sound(site.id) && is_sound(site.second) && site.file == 0 &&
         site.function <= functions && is_width(site.index_bytes) && site.kind <= kMostKind &&
         site.what <= TRIPTYCH_COROUTINE_AWAITS && site.source <= TRIPTYCH_COROUTINE_UPROBE &&
         site.runtime <= TRIPTYCH_COROUTINE_RUNTIME_FUNCTION && site.is_call <= 1 && site.late == 0;
}

void put(WireWriter& writer, const std::vector<Function>& functions) {
  writer.number(functions.size());
  for (const Function& each : functions) {
    writer.text(std::string_view(each.name).substr(0, kMostName));
    writer.number(each.address);
  }
}

std::vector<Function> read_functions(WireReader& reader) {
  std::vector<Function> functions(reader.count(kLeastFunction));
  for (Function& each : functions) {
    each.name = reader.text();
    each.address = reader.number();
  }
  return functions;
}

template <class T>
void put_if_any(WireWriter& writer, const std::optional<T>& value) {
  writer.flag(value.has_value());
  if (value) writer.plain(*value);
}

template <class T>
std::optional<T> read_if_any(WireReader& reader) {
  if (!reader.flag()) return std::nullopt;
  return reader.plain<T>();
}

void check_layout(WireReader& reader, const triptych_python_layout& layout) {
  reader.check(layout.thread_state_how <= TRIPTYCH_PYTHON_STATE_TLS_PAIR);
}

}  // namespace

void put(WireWriter& writer, const Place& place) {
  writer.number(place.offset);
  writer.plain(place.site);
  writer.number(place.watchers);
}

Place read_place(WireReader& reader, std::uint64_t file_size, std::size_t functions) {
  Place place;
  place.offset = reader.number();
  place.site = reader.plain<triptych_coroutine_site>();
  place.watchers = reader.number();
  reader.check(place.offset < file_size && is_sound(place.site, functions));
  // The kernel counts in this word.
  reader.check(place.watchers < file_size && place.watchers % sizeof(std::uint16_t) == 0);
  return place;
}

void put(WireWriter& writer, const std::vector<Place>& places) {
  writer.number(places.size());
  for (const Place& each : places) put(writer, each);
}

std::vector<Place> read_places(WireReader& reader, std::uint64_t file_size, std::size_t functions) {
  std::vector<Place> places(reader.count(kLeastPlace));
  for (Place& each : places) each = read_place(reader, file_size, functions);
  return places;
}

void put(WireWriter& writer, const Discovery& found) {
  put(writer, found.functions);
  put(writer, found.places);
  writer.number(found.returns.size());
  for (const std::uint64_t each : found.returns) writer.number(each);
  put(writer, found.dear);
  writer.number(found.not_understood);
  put_if_any(writer, found.python);
  put(writer, found.entries);
  put_if_any(writer, found.contexts);
  put_if_any(writer, found.loop);
  writer.flag(found.only_serves);
  writer.flag(found.lower_bounds);
  writer.text(found.not_known);
}

Discovery read_discovery(WireReader& reader, std::uint64_t file_size) {
  Discovery found;
  found.functions = read_functions(reader);
  found.places = read_places(reader, file_size, found.functions.size());
  found.returns.resize(reader.count(kLeastNumber));
  for (std::uint64_t& each : found.returns) each = reader.number();
  found.dear = read_places(reader, file_size, found.functions.size());
  // There are no more than the file has bytes.
  found.not_understood = static_cast<std::size_t>(reader.number(file_size));
  found.python = read_if_any<triptych_python_layout>(reader);
  if (found.python) check_layout(reader, *found.python);
  found.entries = read_functions(reader);
  found.contexts = read_if_any<triptych_context_layout>(reader);
  found.loop = read_if_any<triptych_context_loop>(reader);
  if (found.loop) reader.check(found.loop->file == 0);
  found.only_serves = reader.flag();
  found.lower_bounds = reader.flag();
  found.not_known = reader.sentence();
  return found;
}

void put(WireWriter& writer, const discover::Interpreter& interpreter) {
  writer.number(static_cast<std::uint64_t>(interpreter.major));
  writer.number(static_cast<std::uint64_t>(interpreter.minor));
  writer.plain(interpreter.layout);
}

discover::Interpreter read_interpreter_layout(WireReader& reader) {
  constexpr std::uint64_t kMostVersion = std::numeric_limits<std::uint8_t>::max();
  discover::Interpreter interpreter;
  interpreter.major = static_cast<int>(reader.number(kMostVersion));
  interpreter.minor = static_cast<int>(reader.number(kMostVersion));
  interpreter.layout = reader.plain<triptych_python_layout>();
  check_layout(reader, interpreter.layout);
  return interpreter;
}

}  // namespace triptych::coroutine::reader
