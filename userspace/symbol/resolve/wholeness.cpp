// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/wholeness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace triptych::symbol::resolve {
namespace {

using analyze::StackEnd;

bool is_of_libc(const Frame& frame) {
  const std::string_view name = base_name(frame.module);
  return name.starts_with("libc.so") || name.starts_with("libc-") ||
         name.starts_with("libpthread") || name.starts_with("ld-");
}

// It goes back to libc, which called the program or thread. Where libc has no names, that is as
// much as can be told.
bool ends_in_libc(const FrameList& frames) {
  constexpr std::string_view kStarts[] = {
      "_start", "__libc_start_main", "start_thread",           "__clone",      "clone",
      "clone3", "__clone3",          "__libc_start_call_main", "ret_from_fork"};
  const Frame& last = *frames.back();
  if (std::find(std::begin(kStarts), std::end(kStarts), last.function) != std::end(kStarts)) {
    return true;
  }
  return frames.size() > 1 && is_of_libc(last) && !is_of_libc(*frames[frames.size() - 2]);
}

std::string_view text_of(StackEnd end) {
  switch (end) {
    case StackEnd::kNotTold:
    case StackEnd::kFirstFunction:
      break;
    case StackEnd::kCopyEnds:
      return "where the copied memory ends (--unwind dwarf,BYTES)";
    case StackEnd::kUnreadable:
      return "where memory could not be read";
    case StackEnd::kNoRules:
      return "in code that does not say how to unwind it, or whose file is not here";
    case StackEnd::kNoCode:
      return "where no code is known";
    case StackEnd::kNonsense:
      return "where the rules lead nowhere";
    case StackEnd::kTooDeep:
      return "at the limit of frames";
  }
  return "in code without frame pointers";
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "–";
  const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  // "100 %" is all of it.
  return fmt::format("{:.1f} %", part < whole ? std::min(share, 99.9) : share);
}

}  // namespace

void Wholeness::add(Resolver& resolver, const analyze::StackTable& table,
                    analyze::StackNumber stack, std::uint64_t weight) {
  const analyze::StackTable::View view = table.view(stack);
  if (view.frames.empty()) return add_without(weight);
  all_ += weight;
  const bool whole =
      view.end == StackEnd::kFirstFunction ||
      (view.end == StackEnd::kNotTold && !view.cut && ends_in_libc(resolver.frames(stack)));
  if (whole) {
    whole_ += weight;
  } else {
    ends_[static_cast<std::size_t>(view.end)] += weight;
  }
}

std::string Wholeness::share() const {
  return percent(whole_, all_);
}

void Wholeness::merge(const Wholeness& other) {
  all_ += other.all_;
  whole_ += other.whole_;
  without_ += other.without_;
  for (std::size_t i = 0; i < ends_.size(); ++i) ends_[i] += other.ends_[i];
}

std::string Wholeness::others() const {
  std::vector<std::size_t> kinds;
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (ends_[i] != 0) kinds.push_back(i);
  }
  std::stable_sort(kinds.begin(), kinds.end(),
                   [this](std::size_t a, std::size_t b) { return ends_[a] > ends_[b]; });
  struct Part {
    std::string text;
    std::uint64_t weight = 0;
  };
  std::vector<Part> parts;
  parts.reserve(kinds.size() + 1);
  for (const std::size_t kind : kinds) {
    parts.push_back(
        {fmt::format("{}{}", parts.empty() ? "end " : "", text_of(static_cast<StackEnd>(kind))),
         ends_[kind]});
  }
  if (without_ != 0) parts.push_back({"have no stack of the program's", without_});
  if (parts.empty()) return {};
  if (parts.size() == 1) return "the others " + parts[0].text;
  std::string sentence = "the others";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    sentence += fmt::format("{} {} ({})",
                            i == 0                  ? ""
                            : i + 1 == parts.size() ? " or"
                                                    : ",",
                            parts[i].text, percent(parts[i].weight, all_));
  }
  return sentence;
}

}  // namespace triptych::symbol::resolve
