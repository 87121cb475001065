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
constexpr std::uint32_t kStream = 0;   // the events are in order already
constexpr std::size_t kDeepest = 255;  // functions that are inlined at one place

// What is still to be said is which function's it is.
model::FileSymbol symbol_of(const analyze::CodeFile& file, std::uint64_t offset) {
  model::FileSymbol symbol{.offset = offset,
                           .inode = file.inode,
                           .device_major = file.device_major,
                           .device_minor = file.device_minor};
  const std::size_t id = std::min(file.build_id.size(), symbol.build_id.size());
  symbol.build_id_size = static_cast<std::uint8_t>(id);
  std::copy_n(file.build_id.begin(), id, symbol.build_id.begin());
  return symbol;
}

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

Result<void> SymbolizedTrace::write_name(const model::Payload& name) {
  return write({.ts_ns = last_ns_, .task = model::kNoTask, .cpu = 0, .payload = name});
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
      const analyze::CodeFile& file = table.code.files()[map->file];
      const bool made = symbol::resolve::belongs_to_no_file(file);
      const std::uint64_t offset = file.path == "[vdso]" ? 0 : map->offset;
      places.push_back({.file = map->file,
                        .maker = made ? map->tgid : 0,
                        .in_file = made ? looked_up : looked_up - map->start + offset,
                        .mm = view.mm,
                        .address = view.frames[at],
                        .at_ns = view.at_ns,
                        .is_return = is_return});
    }
  }
  const auto key = [](const Place& place) {
    return std::tie(place.file, place.maker, place.in_file);
  };
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
  model::FileSymbol symbol = symbol_of(file, place.in_file - in_function);
  symbol.size = std::max(frame.size, in_function + 1);
  symbol.name.assign(frame.function);
  ++functions_;
  return write_name(symbol);
}

Result<void> SymbolizedTrace::add_inlined(const analyze::CodeFile& file, const Place& place,
                                          const std::vector<symbol::resolve::Frame>& frames) {
  std::size_t depth = std::min(frames.size(), kDeepest);
  for (const symbol::resolve::Frame& frame : frames) {
    if (depth == 0) break;
    model::FileInlined inlined{.symbol = symbol_of(file, place.in_file),
                               .depth = static_cast<std::uint8_t>(depth--)};
    inlined.symbol.size = 1;
    inlined.symbol.name.assign(frame.function);
    TRIPTYCH_TRY(write_name(inlined));
  }
  return {};
}

Result<void> SymbolizedTrace::add_made(const Place& place, const symbol::resolve::Frame& frame) {
  const std::uint64_t in_function = frame.offset - (place.is_return ? 1 : 0);
  model::JitSymbol symbol{.address = place.in_file - in_function,
                          .size = std::max(frame.size, in_function + 1),
                          .tgid = place.maker};
  symbol.name.assign(frame.function);
  ++functions_;
  return write_name(symbol);
}

Result<void> SymbolizedTrace::add_names(const analyze::StackTable& table,
                                        symbol::resolve::Resolver& resolver, bool inlines) {
  // The file and process, and the end of a function in it.
  std::optional<std::tuple<std::uint32_t, model::Tid, std::uint64_t>> last;
  for (const Place& place : places_of(table)) {
    const analyze::CodeFile& file = table.code.files()[place.file];
    const bool known = last && std::get<0>(*last) == place.file &&
                       std::get<1>(*last) == place.maker && place.in_file < std::get<2>(*last);
    const bool was_told = place.maker != 0 ? table.names.find(place.maker, place.in_file) != nullptr
                                           : table.names.find(file, place.in_file) != nullptr;
    const bool in_file = place.maker == 0 && !analyze::FileSymbols::key_of(file).empty();
    const bool may_have_inlined = inlines && in_file && !table.names.tells_inlined(file);
    if ((known || was_told) && !may_have_inlined) continue;
    std::vector<symbol::resolve::Frame> inlined;
    const symbol::resolve::Frame frame = resolver.resolve(
        place.mm, place.address, place.at_ns, place.is_return, inlines ? &inlined : nullptr);
    if (frame.function.empty() || (place.maker == 0 && !in_file)) {
      ++nameless_;
      continue;
    }
    if (may_have_inlined) TRIPTYCH_TRY(add_inlined(file, place, inlined));
    if (known || was_told) continue;
    TRIPTYCH_TRY(place.maker != 0 ? add_made(place, frame) : add_name(file, place, frame));
    const std::uint64_t start = place.in_file - (frame.offset - (place.is_return ? 1 : 0));
    if (frame.size != 0) last = {place.file, place.maker, start + frame.size};
  }
  return {};
}

}  // namespace triptych::cli
