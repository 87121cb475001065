// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/tokio_names.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

#include "coroutine/discover/demangle.hpp"
#include "coroutine/discover/places.hpp"
#include "coroutine/discover/relocations.hpp"

namespace triptych::coroutine::discover {
namespace {

// Places in a task's table: of functions that drop what it was made of.
constexpr std::array<std::uint64_t, 4> kDroppers = {0x10, 0x18, 0x28, 0x30};
constexpr std::uint64_t kMostFunctionBytes = 4096;
constexpr int kMostDepth = 8;

struct Named {
  std::string name;
  std::uint64_t size = 0;
};
using Functions = std::unordered_map<std::uint64_t, Named>;

bool is_poll(std::string_view name) {
  // By the older way to write names, and by the newer one, which has the task's type behind it.
  return name.find("5tokio7runtime4task3raw4poll17h") != name.npos ||
         (name.starts_with("_R") && name.find("NtNtNtC") != name.npos &&
          name.find("5tokio7runtime4task3raw4poll") != name.npos);
}

bool is_complete(std::string_view name) {
  return name.find("5tokio7runtime4task7harness") != name.npos &&
         name.find("8complete") != name.npos;
}

// What lies between a task's table and the functions that are its own.
bool leads_on(std::string_view name) {
  for (const std::string_view part : {"5tokio7runtime4task", "4core3mem4drop", "drop_in_place",
                                      "5alloc5boxed", "4core3ops8function"}) {
    if (name.find(part) != name.npos) return true;
  }
  return false;
}

// Goes through what a function of the table calls, and what that calls, until one is wanted.
class Search {
 public:
  using Wanted = std::function<bool(std::uint64_t, const Named&)>;
  Search(const probes::ElfFile& file, const Functions& functions, const Slots& slots)
      : file_(file), functions_(functions), slots_(slots) {}

  bool find(std::uint64_t from, const Wanted& wanted) {
    std::set<std::uint64_t> seen{from};
    std::vector<std::uint64_t> now{from};
    for (int depth = 0; depth < kMostDepth && !now.empty(); ++depth) {
      std::vector<std::uint64_t> next;
      for (const std::uint64_t function : now) {
        if (looks_at(function, wanted, seen, next)) return true;
      }
      now = std::move(next);
    }
    return false;
  }

 private:
  bool looks_at(std::uint64_t function, const Wanted& wanted, std::set<std::uint64_t>& seen,
                std::vector<std::uint64_t>& next) {
    const auto known = functions_.find(function);
    if (known == functions_.end()) return false;
    const auto code = file_.code(function, std::min(known->second.size, kMostFunctionBytes));
    bool found = false;
    sweep(code, function, [&](std::uint64_t at, const Instruction& each) {
      const auto called = called_by(each, at);
      const auto target = called ? functions_.find(*called) : functions_.end();
      if (target == functions_.end() || !seen.insert(*called).second) return true;
      found = wanted(*called, target->second);
      if (leads_on(target->second.name)) next.push_back(*called);
      return !found;
    });
    return found;
  }

  [[nodiscard]] std::optional<std::uint64_t> called_by(const Instruction& each,
                                                       std::uint64_t at) const {
    if (is_call(each) || is_jump(each)) return branch_target(each, at);
    const auto slot = each.is_one_byte(0xff) ? rip_target(each, at) : std::nullopt;
    const auto known = slot ? slots_.find(*slot) : slots_.end();
    return known == slots_.end() ? std::nullopt : std::optional(known->second);
  }

  const probes::ElfFile& file_;
  const Functions& functions_;
  const Slots& slots_;
};

// The first argument of the template whose `<` is in front of it.
std::string_view first_argument(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    const bool is_arrow = letter == '>' && i > 0 && text[i - 1] == '-';
    if (letter == '<' || letter == '(' || letter == '{' || letter == '[') ++depth;
    if (depth == 0 && (letter == ',' || letter == '>')) return text.substr(0, i);
    if (!is_arrow && (letter == '>' || letter == ')' || letter == '}' || letter == ']')) --depth;
  }
  return {};
}

// What older compilers put around the type of an async function.
std::string without_generators(std::string name) {
  constexpr std::string_view kAround = "core::future::from_generator::GenFuture<";
  for (std::size_t at = name.find(kAround); at != name.npos; at = name.find(kAround, at)) {
    name.erase(at, kAround.size());
    const std::size_t size = first_argument(std::string_view(name).substr(at)).size();
    if (size == 0) break;
    name.erase(at + size, 1);
  }
  return name;
}

using Polls = std::map<std::uint64_t, TokioTask>;
using Names = std::map<std::uint64_t, std::set<std::string>>;

// The newer way to write names has a task's type in that of its poll.
void add_newer_names(const Polls& polls, const Functions& functions, Names* names) {
  for (const auto& [address, poll] : polls) {
    const std::string& symbol = functions.at(address).name;
    if (!symbol.starts_with("_R") || !(*names)[address].empty()) continue;
    const std::string readable = demangled(symbol);
    const std::string task = task_of_poll(readable);
    (*names)[address].insert(task.empty() ? readable : task);
  }
}

// Types that look alike in memory may share a function.
std::string joined(const std::set<std::string>& names) {
  std::string all;
  for (const std::string& name : names) {
    if (!all.empty()) all += " or ";
    all += name;
  }
  return all;
}

}  // namespace

std::string readable_rust_name(std::string_view written) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kWritten = {{
      {"$LT$", "<"},
      {"$GT$", ">"},
      {"$C$", ","},
      {"$RF$", "&"},
      {"$BP$", "*"},
      {"$LP$", "("},
      {"$RP$", ")"},
      {"$u7b$", "{"},
      {"$u7d$", "}"},
      {"$u20$", " "},
      {"$u5b$", "["},
      {"$u5d$", "]"},
      {"..", "::"},
  }};
  std::string readable;
  while (!written.empty()) {
    const auto* const found = std::find_if(kWritten.begin(), kWritten.end(), [&](const auto& each) {
      return written.starts_with(each.first);
    });
    readable += found == kWritten.end() ? written.substr(0, 1) : found->second;
    written.remove_prefix(found == kWritten.end() ? 1 : found->first.size());
  }
  return readable;
}

std::string task_of_drop(std::string_view symbol) {
  constexpr std::string_view kDrops = "drop_in_place$LT$";
  const std::size_t drops = symbol.find(kDrops);
  if (drops == symbol.npos) return {};
  const std::string name =
      without_generators(readable_rust_name(symbol.substr(drops + kDrops.size())));
  for (const std::string_view holder :
       {"tokio::runtime::task::core::Cell<", "tokio::runtime::task::core::CoreStage<",
        "tokio::runtime::task::core::Stage<"}) {
    const std::size_t at = name.find(holder);
    if (at != name.npos) {
      return std::string(first_argument(std::string_view(name).substr(at + holder.size())));
    }
  }
  return {};
}

std::string task_of_poll(std::string_view readable) {
  constexpr std::string_view kPoll = "tokio::runtime::task::raw::poll::<";
  const std::size_t at = readable.find(kPoll);
  if (at == readable.npos) return {};
  return std::string(first_argument(readable.substr(at + kPoll.size())));
}

Result<std::vector<TokioTask>> tokio_tasks(const probes::ElfFile& file) {
  Functions functions;
  Polls polls;
  TRIPTYCH_TRY(for_each_function(file, [&](const Symbol& symbol) {
    if (is_poll(symbol.name)) polls[symbol.address].poll = {symbol.address, symbol.size};
    functions[symbol.address] = {std::string(symbol.name), symbol.size};
  }));
  std::vector<TokioTask> tasks;
  if (polls.empty()) return tasks;
  const Slots slots = filled_slots(file);
  Search search(file, functions, slots);
  Names names;
  for (const auto& [table, function] : slots) {
    if (!polls.contains(function)) continue;
    std::string name;
    for (const std::uint64_t place : kDroppers) {
      const auto dropper = slots.find(table + place);
      if (dropper == slots.end() || !name.empty()) continue;
      search.find(dropper->second, [&](std::uint64_t, const Named& called) {
        name = task_of_drop(called.name);
        return !name.empty();
      });
    }
    if (!name.empty()) names[function].insert(std::move(name));
  }
  add_newer_names(polls, functions, &names);
  for (auto& [address, task] : polls) {
    task.name = joined(names[address]);
    task.is_blocking = task.name.find("BlockingTask") != std::string::npos;
    search.find(address, [&task = task](std::uint64_t at, const Named& called) {
      if (is_complete(called.name)) task.complete = {at, called.size};
      return is_complete(called.name);
    });
    tasks.push_back(std::move(task));
  }
  return tasks;
}

}  // namespace triptych::coroutine::discover
