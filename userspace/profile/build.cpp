// SPDX-License-Identifier: Apache-2.0
#include "profile/build.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "analyze/task_record.hpp"
#include "base/text.hpp"
#include "profile/frame_names.hpp"
#include "profile/step_index.hpp"
#include "symbol/resolve/wholeness.hpp"

namespace triptych::profile {
namespace {

void add(Values& to, const Values& from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

// Different paths may have the same text, so it is a tree of texts that becomes the profile. A path
// has many frames where it goes through stacks: beyond a number of branches new ones that go on
// from one are counted as one, but for those of models, processes and threads.
class Tree {
 public:
  Tree(std::vector<Frame>& frames, std::size_t most) : frames_(frames), most_(most) {}

  // The number of a frame in the profile.
  std::uint32_t number_of(const Frame& frame) {
    const auto next = static_cast<std::uint32_t>(frames_.size());
    const auto [known, is_new] = frame_index_.try_emplace(frame, next);
    if (is_new) frames_.push_back(frame);
    return known->second;
  }

  std::uint32_t child(std::uint32_t parent, std::uint32_t frame) {
    const std::uint64_t hash = hash_of(parent, frame);
    const std::uint32_t found = index_.find(hash, [&](std::uint32_t position) {
      return branches_[position].parent == parent && branches_[position].frame == frame;
    });
    if (found != StepIndex::kNone) return found;
    if (other_ && parent != 0 && branches_[parent].frame == *other_) return parent;
    if (branches_.size() >= most_ && frame != other_ && !is_always_told(frame)) {
      if (!other_) other_ = number_of(FrameNames::frame_of(Word::kOtherPaths));
      return child(parent, *other_);
    }
    const auto next = static_cast<std::uint32_t>(branches_.size());
    branches_.push_back({parent, frame, 0, branches_[parent].first_child, {}});
    branches_[parent].first_child = next;
    index_.add(hash, next, [this](std::uint32_t position) {
      return hash_of(branches_[position].parent, branches_[position].frame);
    });
    return next;
  }

  void add_to(std::uint32_t branch, const Values& values) { add(branches_[branch].self, values); }

  [[nodiscard]] bool is_full() const { return other_.has_value(); }
  [[nodiscard]] std::size_t most() const { return most_; }

  // Parents first, siblings by text; a branch in which nothing was counted is left out.
  std::vector<Node> flatten() {
    std::vector<Node> nodes;
    nodes.reserve(branches_.size());
    struct Step {
      std::uint32_t branch, parent, depth;
    };
    std::vector<Step> open{{0, 0, 0}};
    std::vector<std::uint32_t> children;
    while (!open.empty()) {
      const Step step = open.back();
      open.pop_back();
      const Branch& branch = branches_[step.branch];
      const auto position = static_cast<std::uint32_t>(nodes.size());
      nodes.push_back({step.parent, branch.frame, step.depth, branch.self, branch.self});
      children.clear();
      for (std::uint32_t each = branch.first_child; each != 0; each = branches_[each].sibling) {
        children.push_back(each);
      }
      // The last one is taken first.
      std::sort(children.begin(), children.end(), [this](std::uint32_t a, std::uint32_t b) {
        return frames_[branches_[b].frame] < frames_[branches_[a].frame];
      });
      for (const std::uint32_t child : children) open.push_back({child, position, step.depth + 1});
    }
    for (std::size_t i = nodes.size() - 1; i > 0; --i) {
      add(nodes[nodes[i].parent].total, nodes[i].total);
    }
    return nodes;
  }

 private:
  struct Branch {
    std::uint32_t parent = 0, frame = 0;
    std::uint32_t first_child = 0, sibling = 0;  // 0: none
    Values self{};
  };
  static std::uint64_t hash_of(std::uint32_t parent, std::uint32_t frame) {
    std::uint64_t mixed = (std::uint64_t{parent} << 32 | frame) * 0x9e3779b97f4a7c15ull;
    mixed = (mixed ^ mixed >> 32) * 0xff51afd7ed558ccdull;
    return mixed ^ mixed >> 29;
  }

  [[nodiscard]] bool is_always_told(std::uint32_t frame) const {
    const Category category = frames_[frame].category;
    return category == Category::kModel || category == Category::kProcess ||
           category == Category::kThread || category == Category::kFork;
  }

  std::vector<Frame>& frames_;
  std::size_t most_;
  std::map<Frame, std::uint32_t> frame_index_;
  std::vector<Branch> branches_{Branch{}};
  StepIndex index_;
  std::optional<std::uint32_t> other_;  // what goes on as one, once there is such
};

// What each step of a path is called, asked for once; of stacks, of which there may be many more,
// each of their frames.
class StepNames {
 public:
  StepNames(Tree& tree, FrameNames& names) : tree_(tree), names_(names) {}

  // Until the next call.
  const std::vector<std::uint32_t>& frames_of(const Key& key, const Key& before) {
    if (key.subject == Subject::kStack) {
      return frames_of(static_cast<analyze::StackNumber>(key.id));
    }
    // A task is told with its model.
    const bool coroutine = key.subject == Subject::kTask && before.id != 0;
    const auto [told, is_new] = told_.try_emplace({key.subject, key.id, coroutine});
    if (is_new) {
      for (const Frame& frame : names_.frames_of(key, before)) {
        told->second.push_back(tree_.number_of(frame));
      }
    }
    return told->second;
  }

 private:
  static constexpr std::uint32_t kNotMet = 0xffffffff;
  static constexpr std::size_t kMostMet = 1u << 18;

  const std::vector<std::uint32_t>& frames_of(analyze::StackNumber stack) {
    stack_.clear();
    const symbol::resolve::FrameList& told = names_.frames_of(stack);
    if (told.empty()) {
      stack_.push_back(tree_.number_of({Category::kUser, symbol::resolve::kStackLost, 0}));
    }
    if (met_.size() > kMostMet) met_.clear();
    for (auto frame = told.rbegin(); frame != told.rend(); ++frame) {
      std::uint32_t& number = met_.try_emplace((*frame)->number, kNotMet).first->second;
      if (number == kNotMet) number = tree_.number_of(FrameNames::frame_of(**frame));
      stack_.push_back(number);
    }
    return stack_;
  }

  Tree& tree_;
  FrameNames& names_;
  std::map<std::tuple<Subject, std::uint64_t, bool>, std::vector<std::uint32_t>> told_;
  std::unordered_map<std::uint64_t, std::uint32_t> met_;  // by the resolver's number of a frame
  std::vector<std::uint32_t> stack_;
};

std::string command_of(const model::Metadata& metadata) {
  std::string text;
  for (const std::string& word : metadata.target.command) {
    if (!text.empty()) text += ' ';
    text += quote(word);
  }
  return text;
}

bool is_time_of_tasks(Kind kind) {
  return kind == Kind::kOnCpu || kind == Kind::kOffCpu || kind == Kind::kRunQueue ||
         kind == Kind::kWakeup;
}

void warn(Profile& profile, std::string text) {
  profile.warnings.push_back(text);
  profile.notes.push_back(std::move(text));
}

// The trace may have been made without what shows the code.
void add_missing_names(const symbol::resolve::Resolver& resolver, Profile& profile) {
  constexpr std::size_t kMostFiles = 3;
  for (std::size_t i = 0; i < resolver.missing().size() && i < kMostFiles; ++i) {
    const auto& missing = resolver.missing()[i];
    profile.notes.push_back(
        fmt::format("no {} from {}: {}", missing.what, quote(missing.path), missing.reason));
  }
}

// What another recording would have.
void add_missing_stacks(Kind kind, const analyze::Summary& summary, bool any_stack,
                        Profile& profile) {
  const bool coroutines = kind == Kind::kCoroutine || kind == Kind::kSuspended;
  if (coroutines && summary.coroutines.count == 0) {
    warn(profile,
         "no coroutine was seen; others need --coroutines uprobe:RUNTIME (triptych doctor -- "
         "COMMAND)");
  }
  const std::string_view option = stacks_of(kind);
  const bool nothing = profile.nodes.size() == 1;  // that could have had a stack
  if (option.empty() || nothing) return;
  const std::optional<bool> recorded = stacks_recorded(kind, summary.metadata);
  if (!any_stack && !recorded.value_or(false)) {
    warn(profile, fmt::format("no functions: record with --stacks={} for them", option));
  } else if (!recorded.value_or(true)) {
    warn(profile,
         fmt::format("some functions are missing: record with --stacks={} for them", option));
  }
}

std::vector<std::string> notes_of(Kind kind, const analyze::Summary& summary,
                                  std::uint64_t unknown_ns) {
  std::vector<std::string> notes;
  if (is_time_of_tasks(kind) && unknown_ns != 0) {
    notes.push_back(fmt::format("what tasks did for {} is not known, and not in here",
                                format_duration_ns(unknown_ns)));
  }
  std::string missing;
  for (std::size_t i = 0; i < model::kQualityCount; ++i) {
    const model::QualityInfo& info = model::kQualityInfo[i];
    const std::uint64_t count = summary.quality[static_cast<model::Quality>(i)];
    if (info.severity == model::Severity::kInfo || count == 0) continue;
    missing += fmt::format("{}{} {}", missing.empty() ? "" : ", ", info.name, format_count(count));
  }
  if (!missing.empty()) notes.push_back("the recording is not complete: " + missing);
  return notes;
}

// Copies are counted in bytes, as the faults tell them, and shown in pages.
Values shown(Kind kind, const analyze::Summary& summary, Values values) {
  if (kind == Kind::kCow) {
    values[0] /= std::clamp<std::uint32_t>(summary.metadata.host.page_size, 512, 1u << 20);
  }
  return values;
}

// Some 150 bytes each.
std::size_t most_branches(const PathTable& paths) {
  return paths.most() / 4 * 7;
}

constexpr std::size_t kNs = 0, kSamples = 2;  // of Kind::kOnCpu

// Of the number `whole`, what part `from` to `to` of `all` parts gets: of all of them the sum is
// it.
std::uint64_t part_of(std::uint64_t whole, std::uint64_t from, std::uint64_t to,
                      std::uint64_t all) {
  __extension__ typedef unsigned __int128 Wide;
  const auto up_to = [whole, all](std::uint64_t parts) {
    return static_cast<std::uint64_t>(Wide{whole} * parts / all);
  };
  return up_to(to) - up_to(from);
}

bool is_of_samples(const Key& key) {
  return key.subject == Subject::kStack ||
         key == Key{Subject::kWord, static_cast<std::uint64_t>(Word::kOtherPaths)};
}

// The time of a thread is exact, and so it stays: its samples say where it went, each of them for
// the same share. Their paths go on from the thread's.
void share_out(const std::vector<PathTable::Entry>& entries, std::vector<Values>& selves) {
  // Samples below each path that is no stack itself, and that path of each stack.
  std::vector<std::uint32_t> owner(entries.size());
  std::vector<std::uint64_t> samples(entries.size()), shared(entries.size());
  for (std::uint32_t i = 1; i < entries.size(); ++i) {
    owner[i] = is_of_samples(entries[i].key) ? owner[entries[i].parent] : i;
    samples[owner[i]] += selves[i][kSamples];
  }
  std::vector<std::uint64_t> times(entries.size());
  for (std::size_t i = 1; i < entries.size(); ++i) times[i] = selves[i][kNs];
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const std::uint32_t from = owner[i];
    if (samples[from] == 0) continue;
    const std::uint64_t before = shared[from];
    shared[from] += selves[i][kSamples];
    selves[i][kNs] = part_of(times[from], before, shared[from], samples[from]);
  }
}

// What a path is of is told by the task or process in it.
bool is_chosen(const PathTable::Entry& entry, bool before, const Chosen* chosen) {
  if (chosen == nullptr) return true;
  const auto id = static_cast<std::uint32_t>(entry.key.id);
  if (entry.key.subject == Subject::kTask) return chosen->tasks.count(id) != 0;
  if (entry.key.subject != Subject::kProcess) return before;
  return chosen->processes.count(static_cast<model::Tid>(id)) != 0;
}

// Whether the rest of what is counted here, which goes on into no user's stack, should have had
// one.
bool should_have_stack(Kind kind, const std::vector<PathTable::Entry>& entries, std::size_t at,
                       const std::vector<Values>& selves) {
  const Key& key = entries[at].key;
  if (key == Key{Subject::kWord, static_cast<std::uint64_t>(Word::kOtherPaths)}) return false;
  // Of the waker, when that is a task.
  constexpr Key kWoken{Subject::kWord, static_cast<std::uint64_t>(Word::kWoken)};
  if (kind == Kind::kRunQueue) {
    return key.subject == Subject::kStack ||
           (key.subject == Subject::kOther && entries[entries[at].parent].key == kWoken);
  }
  // Of a thread that was never met by a sample nobody knows what it did.
  if (kind == Kind::kOnCpu) return selves[at][kSamples] != 0;
  // A task that has yet to run has no stack.
  constexpr auto kBeingCreated =
      static_cast<std::uint64_t>(static_cast<std::uint32_t>(analyze::BlockedTime::kCreationKey));
  return key != Key{Subject::kBlocked, kBeingCreated};
}

std::string amount(Kind kind, const analyze::Summary& summary, std::uint64_t value) {
  if (units_of(kind)[0].name == "ns") return format_duration_ns(value);
  return format_count(shown(kind, summary, {value})[0]);
}

// Of what is counted first, by the outermost stack of the program's: a waker's may follow.
void add_wholeness(Kind kind, const std::vector<PathTable::Entry>& entries,
                   const std::vector<Values>& selves, const analyze::Summary& summary,
                   symbol::resolve::Resolver& resolver, Profile& profile) {
  std::vector<std::string>& notes = profile.notes;
  std::vector<Values> totals = selves;
  for (std::size_t i = entries.size() - 1; i > 0; --i) add(totals[entries[i].parent], totals[i]);
  symbol::resolve::Wholeness wholeness;
  std::vector<bool> below(entries.size());
  std::uint64_t unsampled_ns = 0;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    below[i] = below[entries[i].parent];
    if (below[i]) continue;
    const Key& key = entries[i].key;
    const auto stack = static_cast<analyze::StackNumber>(key.id);
    // Where it blocked stands before the system call.
    const bool blocked = key.subject == Subject::kBlocked;
    if (key.subject == Subject::kStack && !summary.stacks.table->view(stack).kernel) {
      below[i] = true;
      wholeness.add(resolver, *summary.stacks.table, stack, totals[i][0]);
    } else if (should_have_stack(kind, entries, i, selves)) {
      below[i] = blocked;
      wholeness.add_without(blocked ? totals[i][0] : selves[i][0]);
    } else {
      below[i] = blocked;
      if (kind == Kind::kOnCpu) unsampled_ns += selves[i][kNs];
    }
  }
  if (wholeness.all() == 0 && unsampled_ns != 0) {
    return warn(profile, "no functions: no sample fell on these threads");
  }
  if (unsampled_ns != 0) {
    notes.push_back(
        fmt::format("no functions of threads without a sample, which were on a CPU for {}",
                    format_duration_ns(unsampled_ns)));
  }
  if (wholeness.all() == 0) return;
  if (wholeness.all() == wholeness.without()) {
    const std::optional<bool> recorded = stacks_recorded(kind, summary.metadata);
    if (!recorded.value_or(true)) return;  // nobody asked for them
    if (recorded) warn(profile, "no functions: their stacks were lost, or could not be read");
  }
  notes.push_back(fmt::format("stacks that go back to where the program or thread began: {}",
                              wholeness.share()));
  if (wholeness.whole() == wholeness.all()) profile.all_whole = notes.back();
  std::string others = wholeness.others();
  if (!others.empty()) notes.push_back(std::move(others));
  if (wholeness.without() == 0) return;
  notes.push_back(fmt::format("no stack of the program's: {} of {} {}",
                              amount(kind, summary, wholeness.without()),
                              amount(kind, summary, wholeness.all()), units_of(kind)[0].of));
}

}  // namespace

Profile build(Kind kind, const PathTable& paths, const analyze::Summary& summary,
              symbol::resolve::Resolver& resolver, const BuildOptions& options) {
  Profile profile;
  profile.kind = kind;
  profile.command = command_of(summary.metadata);
  profile.duration_ns = summary.end_ns - summary.begin_ns;
  profile.realtime_ns = summary.metadata.start_realtime_ns;
  profile.notes = notes_of(kind, summary, options.unknown_ns);
  FrameNames names(summary, resolver, options.without_ids);
  Tree tree(profile.frames, most_branches(paths));
  StepNames step_names(tree, names);
  const std::vector<PathTable::Entry>& entries = paths.entries();
  std::vector<Values> selves;
  selves.reserve(entries.size());
  for (const PathTable::Entry& entry : entries) selves.push_back(entry.self);
  if (kind == Kind::kOnCpu) share_out(entries, selves);
  std::vector<bool> wanted(entries.size(), true);
  for (std::size_t i = 1; i < entries.size(); ++i) {
    wanted[i] = is_chosen(entries[i], wanted[entries[i].parent], options.chosen);
    if (!wanted[i]) selves[i] = {};
  }
  if (options.any_stack || stacks_recorded(kind, summary.metadata).value_or(false)) {
    add_wholeness(kind, entries, selves, summary, resolver, profile);
  }
  std::vector<std::uint32_t> branch_of(entries.size(), 0);
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (!wanted[i]) continue;
    std::uint32_t branch = branch_of[entries[i].parent];
    for (const std::uint32_t frame :
         step_names.frames_of(entries[i].key, entries[entries[i].parent].key)) {
      branch = tree.child(branch, frame);
    }
    branch_of[i] = branch;
    tree.add_to(branch, shown(kind, summary, selves[i]));
  }
  profile.nodes = tree.flatten();
  if (paths.is_full()) {
    profile.notes.push_back(
        fmt::format("only the first {} paths are told apart", format_count(entries.size())));
  }
  if (tree.is_full()) {
    profile.notes.push_back(
        fmt::format("only the first {} frames of paths are told apart", format_count(tree.most())));
  }
  add_missing_stacks(kind, summary, options.any_stack, profile);
  add_missing_names(resolver, profile);
  return profile;
}

}  // namespace triptych::profile
