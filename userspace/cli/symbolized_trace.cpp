// SPDX-License-Identifier: Apache-2.0
#include "cli/symbolized_trace.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "decode/encode.hpp"

namespace triptych::cli {
namespace {

// The numbers of copies grow: the smallest one has waited for longest.
constexpr std::size_t kMostHeld = 1024;
constexpr std::size_t kMostPieces = 64;
constexpr std::size_t kMostUnasked = 1u << 16;
constexpr std::uint32_t kStream = 0;  // the events are in order already

}  // namespace

analyze::Unwound HeardUnwinder::unwind(const analyze::CopiedStack& stack,
                                       const analyze::CodeSpaces& code) {
  last_ = unwinder_.unwind(stack, code);
  return *last_;
}

std::optional<analyze::Unwound> HeardUnwinder::take() {
  return std::exchange(last_, std::nullopt);
}

Result<void> SymbolizedTrace::write(const model::Event& event) {
  last_ns_ = event.ts_ns;
  return writer_.append(kStream, decode::encode(event));
}

model::StackId SymbolizedTrace::told_as(model::StackId id) {
  const auto same = same_as_.find(static_cast<std::uint32_t>(id));
  if (same == same_as_.end()) return id;
  const model::StackId told{same->second};
  same_as_.erase(same);
  return told;
}

Result<void> SymbolizedTrace::write_stack(const model::Event& event, const model::StackCopy& copy,
                                          const analyze::Unwound& unwound) {
  ++unwound_;
  std::vector<std::uint64_t> key = unwound.frames;
  key.push_back(static_cast<std::uint64_t>(copy.mm));
  const auto id = static_cast<std::uint32_t>(copy.id);
  const auto [told, fresh] = told_.try_emplace(std::move(key), id);
  if (!fresh) {
    same_as_[id] = told->second;
    if (same_as_.size() > kMostUnasked) same_as_.erase(same_as_.begin());
    return {};
  }
  model::Stack stack{.id = copy.id, .mm = copy.mm, .end = unwound.end};
  const std::size_t count = std::min(unwound.frames.size(), stack.frame.size());
  stack.frames = static_cast<std::uint16_t>(count);
  std::copy_n(unwound.frames.begin(), count, stack.frame.begin());
  model::Event out = event;
  out.payload = stack;
  return write(out);
}

Result<void> SymbolizedTrace::write_held(const model::Event& event, model::StackId id) {
  ++kept_;
  const auto held = held_.find(static_cast<std::uint32_t>(id));
  if (held != held_.end()) {
    for (const model::Event& piece : held->second) TRIPTYCH_TRY(write(piece));
  }
  return write(event);
}

Result<void> SymbolizedTrace::pass(const model::Event& event,
                                   const std::optional<analyze::Unwound>& unwound) {
  if (const auto* bytes = std::get_if<model::StackBytes>(&event.payload)) {
    std::vector<model::Event>& pieces = held_[static_cast<std::uint32_t>(bytes->id)];
    if (pieces.size() < kMostPieces) pieces.push_back(event);
    if (held_.size() > kMostHeld) held_.erase(held_.begin());
    return {};
  }
  if (const auto* copy = std::get_if<model::StackCopy>(&event.payload)) {
    const bool whole = unwound && unwound->end == analyze::StackEnd::kFirstFunction;
    Result<void> written =
        whole ? write_stack(event, *copy, *unwound) : write_held(event, copy->id);
    held_.erase(static_cast<std::uint32_t>(copy->id));
    return written;
  }
  model::Event out = event;
  if (auto* of = std::get_if<model::StackOf>(&out.payload)) of->user = told_as(of->user);
  if (auto* sample = std::get_if<model::Sample>(&out.payload)) sample->user = told_as(sample->user);
  return write(out);
}

// In order of files, so that one at a time is looked into.
std::vector<SymbolizedTrace::Place> SymbolizedTrace::places_of(const analyze::StackTable& table) {
  std::vector<Place> places;
  for (std::uint32_t i = 1; i <= table.size(); ++i) {
    const auto view = table.view(static_cast<analyze::StackNumber>(i));
    if (view.kernel) continue;
    for (std::size_t at = 0; at < view.frames.size(); ++at) {
      const bool is_return = at != 0 && view.frames[at] != 0;
      const std::uint64_t looked_up = view.frames[at] - (is_return ? 1 : 0);
      const analyze::CodeMap* map = table.code.find(view.mm, looked_up, view.at_ns);
      if (map == nullptr) continue;
      const bool is_vdso = table.code.files()[map->file].path == "[vdso]";
      const std::uint64_t in_file = looked_up - map->start + (is_vdso ? 0 : map->offset);
      places.push_back({map->file, in_file, view.mm, view.frames[at], view.at_ns, is_return});
    }
  }
  const auto key = [](const Place& place) { return std::tie(place.file, place.in_file); };
  std::sort(places.begin(), places.end(),
            [&](const Place& a, const Place& b) { return key(a) < key(b); });
  places.erase(std::unique(places.begin(), places.end(),
                           [&](const Place& a, const Place& b) { return key(a) == key(b); }),
               places.end());
  return places;
}

Result<void> SymbolizedTrace::add_name(const analyze::CodeFile& file, const Place& place,
                                       const symbol::resolve::Frame& frame) {
  const std::uint64_t in_function = frame.offset - (place.is_return ? 1 : 0);
  model::FileSymbol symbol{.offset = place.in_file - in_function,
                           .size = std::max(frame.size, in_function + 1),
                           .inode = file.inode,
                           .device_major = file.device_major,
                           .device_minor = file.device_minor};
  const std::size_t id = std::min(file.build_id.size(), symbol.build_id.size());
  symbol.build_id_size = static_cast<std::uint8_t>(id);
  std::copy_n(file.build_id.begin(), id, symbol.build_id.begin());
  symbol.name.assign(frame.function);
  ++functions_;
  return write({.ts_ns = last_ns_, .task = model::kNoTask, .cpu = 0, .payload = symbol});
}

Result<void> SymbolizedTrace::add_names(const analyze::StackTable& table,
                                        symbol::resolve::Resolver& resolver) {
  std::optional<std::pair<std::uint32_t, std::uint64_t>> last;  // file, and end of a function in it
  for (const Place& place : places_of(table)) {
    const analyze::CodeFile& file = table.code.files()[place.file];
    if (last && last->first == place.file && place.in_file < last->second) continue;
    if (table.names.find(file, place.in_file) != nullptr) continue;
    const symbol::resolve::Frame frame =
        resolver.resolve(place.mm, place.address, place.at_ns, place.is_return);
    const bool tellable = !frame.function.empty() && !frame.module.empty() &&
                          !analyze::FileSymbols::key_of(file).empty();
    if (!tellable) {
      ++nameless_;
      continue;
    }
    TRIPTYCH_TRY(add_name(file, place, frame));
    const std::uint64_t start = place.in_file - (frame.offset - (place.is_return ? 1 : 0));
    if (frame.size != 0) last = {place.file, start + frame.size};
  }
  return {};
}

}  // namespace triptych::cli
