// SPDX-License-Identifier: Apache-2.0
//
// Who created whom, and how each of them ended.
#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/text.hpp"
#include "report/sections.hpp"
#include "report/text_writer.hpp"
#include "report/words.hpp"

namespace triptych::report {
namespace {

using analyze::CreatedBy;
using analyze::Task;

constexpr std::size_t kWidth = 96;
constexpr std::size_t kExecsShown = 4;
constexpr std::size_t kLinesPerTop = 10;  // a tree has at most so many times --top tasks

std::string clone_words(std::uint64_t flags) {
  const std::vector<std::string> shared = shared_by(flags);
  std::string words = "clone";
  words += shared.empty() ? " sharing nothing" : " sharing " + joined(shared);
  return words;
}

std::string creation_words(const View& view, const Task& task) {
  std::string words;
  switch (task.created_by) {
    case CreatedBy::kUnknown:
      return "creation not seen";
    case CreatedBy::kLaunched:
      return "the command";
    case CreatedBy::kAttached:
      return task.tid != task.tgid ? "thread, was running already" : "was running already";
    case CreatedBy::kFork:
      words = "fork";
      break;
    case CreatedBy::kVfork:
      words = "vfork or posix_spawn";
      break;
    case CreatedBy::kThread:
      words = "thread";
      break;
    case CreatedBy::kClone:
      words = clone_words(task.clone_flags);
      break;
    case CreatedBy::kIoWorker:
      words = "io_uring worker";
      break;
    case CreatedBy::kUserWorker:
      words = "worker made by the kernel";
      break;
    case CreatedBy::kKthread:
      words = "kernel thread";
      break;
  }
  const std::vector<std::string> namespaces = new_namespaces(task.clone_flags);
  if (!namespaces.empty() && task.created_by != CreatedBy::kThread) {
    words += fmt::format(", new {} {}", joined(namespaces),
                         namespaces.size() == 1 ? "namespace" : "namespaces");
  }
  return words + " " + at_words(view, task.start_ns);
}

std::string end_words(const View& view, const Task& task) {
  const bool thread = task.tid != task.tgid;
  std::string words;
  if (!task.end_ns && !task.exit_ns) {
    return view.summary().ending ? "alive at the end" : "end not seen";
  }
  if (!task.exit_code) {
    words = "ended, status unknown";
  } else if (thread && *task.exit_code == 0) {
    words = "ended";
  } else {
    words = wait_status_words(*task.exit_code);
  }
  if (thread && task.group_exit) words += " with its process";
  const std::uint64_t end_ns = task.end_ns ? *task.end_ns : *task.exit_ns;
  // Of who lived before the recording only the moment is known, and no span of life.
  const bool beginning_seen =
      task.created_by != CreatedBy::kUnknown && task.created_by != CreatedBy::kAttached;
  if (beginning_seen && end_ns >= task.start_ns) {
    words += " after " + format_value(Duration{end_ns - task.start_ns});
  } else {
    words += " " + at_words(view, end_ns);
  }
  return words;
}

class TreeBuilder {
 public:
  explicit TreeBuilder(const View& view) : view_(view) {}

  Tree build() {
    std::vector<const Task*> roots;
    find_leaders();
    for (const Task* task : view_.tasks()) {
      if (const Task* leader = leader_of(*task)) {
        children_[key(leader->id)].push_back(task);
      } else if (has_parent_here(*task)) {
        children_[key(task->parent)].push_back(task);
      } else {
        roots.push_back(task);
      }
    }
    for (const Task* root : roots) add_with_descendants(*root);
    // Only a damaged trace has circles of parents; nobody in one may be left out.
    for (const Task* task : view_.tasks()) add_with_descendants(*task);
    if (left_out_ > 0) {
      tree_.more = fmt::format("… and {} (--top 0 shows all)",
                               counted(left_out_, "more task", "more tasks"));
    }
    return std::move(tree_);
  }

 private:
  struct Pending {
    const Task* task;
    std::uint32_t depth;
    std::uint32_t rails;
    bool last;
    std::size_t siblings_cut;  // not 0: a line for so many that are left out, instead of the task
  };

  static std::uint32_t key(model::TaskId id) { return static_cast<std::uint32_t>(id); }

  // Its id when it was attached to: exec gives a thread that of its process.
  static model::Tid attached_tid(const Task& task) {
    const bool renumbered = !task.execs.empty() && task.execs.front().old_tid != 0;
    return renumbered ? task.execs.front().old_tid : task.tid;
  }

  void find_leaders() {
    for (const Task* task : view_.tasks()) {
      if (task->created_by == CreatedBy::kAttached && attached_tid(*task) == task->tgid) {
        leaders_.emplace(task->tgid, task);
      }
    }
  }

  // Whoever created the threads that were there before, they belong below their process, and the
  // kernel's word for their parent is the parent of that.
  const Task* leader_of(const Task& task) const {
    if (task.created_by != CreatedBy::kAttached || attached_tid(task) == task.tgid) return nullptr;
    const auto found = leaders_.find(task.tgid);
    return found == leaders_.end() ? nullptr : found->second;
  }

  bool has_parent_here(const Task& task) const {
    if (task.created_by == CreatedBy::kAttached && attached_tid(task) != task.tgid) return false;
    return task.parent != task.id && task.parent != model::kNoTask && view_.contains(task.parent);
  }

  void add_with_descendants(const Task& root) {
    std::vector<Pending> stack{{&root, 0, 0, true, 0}};
    while (!stack.empty()) {
      const Pending now = stack.back();
      stack.pop_back();
      if (now.siblings_cut != 0) {
        add_line(now,
                 fmt::format("… and {} (--top 0 shows all)",
                             counted(now.siblings_cut, "more child", "more children")),
                 Tone::kFaint);
        continue;
      }
      if (!seen_.insert(key(now.task->id)).second) continue;
      if (full()) {
        ++left_out_;
        push_children(now, stack, true);
        continue;
      }
      const bool has_children = children_.count(key(now.task->id)) != 0;
      add_task(now, has_children);
      push_children(now, stack, false);
    }
  }

  bool full() const {
    const std::size_t top = view_.options().top;
    return top != 0 && tasks_shown_ >= top * kLinesPerTop;
  }

  void push_children(const Pending& now, std::vector<Pending>& stack, bool all) {
    const auto found = children_.find(key(now.task->id));
    if (found == children_.end()) return;
    const std::vector<const Task*>& children = found->second;
    const std::size_t shown = all ? children.size() : view_.shown(children.size());
    const std::uint32_t depth = std::min(now.depth + 1, TreeLine::kDeepest);
    std::uint32_t rails = now.rails;
    if (now.depth > 0 && !now.last) rails |= 1u << now.depth;
    if (shown < children.size()) {
      stack.push_back({nullptr, depth, rails, true, children.size() - shown});
      // Their descendants are left out with them.
      for (std::size_t i = shown; i < children.size(); ++i) skip(*children[i]);
    }
    for (std::size_t i = shown; i-- > 0;) {
      stack.push_back({children[i], depth, rails, i + 1 == children.size(), 0});
    }
  }

  void skip(const Task& root) {
    std::vector<const Task*> stack{&root};
    while (!stack.empty()) {
      const Task* task = stack.back();
      stack.pop_back();
      if (!seen_.insert(key(task->id)).second) continue;
      const auto found = children_.find(key(task->id));
      if (found == children_.end()) continue;
      stack.insert(stack.end(), found->second.begin(), found->second.end());
    }
  }

  void add_line(const Pending& now, std::string text, Tone tone, bool detail = false,
                bool has_children = false) {
    TreeLine line;
    line.depth = now.depth;
    line.rails = now.rails;
    line.last = now.last;
    line.detail = detail;
    line.has_children = has_children;
    line.text = std::move(text);
    line.tone = tone;
    tree_.lines.push_back(std::move(line));
  }

  void add_task(const Pending& now, bool has_children) {
    const Task& task = *now.task;
    ++tasks_shown_;
    std::string text =
        fmt::format("{} {}: {}", task.tid, task.comm.empty() ? "(no name)" : escape(task.comm),
                    creation_words(view_, task));
    if (now.depth == 0 && task.created_by != CreatedBy::kLaunched && task.parent_tid != 0) {
      text += origin_words(task);
    }
    text += ", " + end_words(view_, task);
    if (task.peak_rss_bytes != 0) text += ", peak memory " + format_bytes(task.peak_rss_bytes);
    Tone tone = Tone::kPlain;
    if (task.zombie) text += " – ZOMBIE: ended, and no release seen";
    if (task.unreaped) text += ", never reaped by its parent as far as was seen";
    if (task.orphaned) text += " – ORPHAN: outlived its creator";
    if (task.zombie || task.orphaned) tone = Tone::kWarning;
    add_line(now, std::move(text), tone, false, has_children);
    tree_.lines.back().task = key(task.id);
    add_details(now, task, has_children);
  }

  // Of one whose creator is not in the tree.
  static std::string origin_words(const Task& task) {
    if (task.created_by != CreatedBy::kAttached) return fmt::format(" by {}", task.parent_tid);
    if (task.tid != task.tgid) return fmt::format(", of process {}", task.tgid);
    return fmt::format(", child of {}", task.parent_tid);
  }

  void add_details(const Pending& now, const Task& task, bool has_children) {
    const std::size_t width = kWidth - 3 * std::size_t{now.depth} - 5;
    std::size_t shown = 0;
    for (const analyze::Exec& exec : task.execs) {
      if (shown++ == kExecsShown && view_.options().top != 0) {
        add_line(now,
                 fmt::format("… and {}",
                             counted(task.execs.size() - kExecsShown, "more exec", "more execs")),
                 Tone::kFaint, true, has_children);
        break;
      }
      std::string text =
          fmt::format("{}exec {}", exec.secure ? "set-user-id " : "", at_words(view_, exec.ts_ns));
      if (exec.old_tid != 0 && exec.old_tid != task.tid) {
        text += fmt::format(", by thread {}, which became {}", exec.old_tid, task.tid);
      }
      text += ", " + quote(exec.filename);
      text += ": " + (exec.arguments.empty() ? "arguments unknown" : command_line(exec.arguments));
      if (exec.arguments_truncated) text += " …";
      add_line(now, cut(text, width), Tone::kFaint, true, has_children);
    }
    std::vector<std::string> names;
    for (const std::string& name : task.names) {
      if (!inherited(task, name)) names.push_back(quote(name));
    }
    if (names.empty()) return;
    add_line(now, cut("earlier names: " + joined(names), width), Tone::kFaint, true, has_children);
  }

  // Every new task first bears the name of its creator: that says nothing.
  bool inherited(const Task& task, const std::string& name) const {
    const Task* parent = view_.find(task.parent);
    if (parent == nullptr || name != task.names.front()) return false;
    return parent->comm == name ||
           std::find(parent->names.begin(), parent->names.end(), name) != parent->names.end();
  }

  const View& view_;
  Tree tree_;
  std::unordered_map<model::Tid, const Task*> leaders_;  // of attached processes, by their id
  std::unordered_map<std::uint32_t, std::vector<const Task*>> children_;
  std::unordered_set<std::uint32_t> seen_;
  std::size_t tasks_shown_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace

Section tree_section(const View& view) {
  if (view.tasks().empty()) return {};
  Section section(
      "Processes and threads",
      "Each below the one that created it: its id and last name, how it came into being (+ is "
      "from the "
      "beginning of the report), how it ended.");
  section.blocks.emplace_back(TreeBuilder(view).build());
  return section;
}

}  // namespace triptych::report
