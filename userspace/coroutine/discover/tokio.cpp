// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/tokio.hpp"

#include <asm/ptrace.h>

#include <cstddef>
#include <set>
#include <utility>
#include <vector>

#include "coroutine/discover/landings.hpp"
#include "coroutine/discover/module_places.hpp"
#include "coroutine/discover/places.hpp"
#include "coroutine/discover/relocations.hpp"
#include "coroutine/discover/tokio_names.hpp"

namespace triptych::coroutine::discover {
namespace {

using probes::ElfFile;

constexpr std::uint8_t kTokio = TRIPTYCH_COROUTINE_RUNTIME_TOKIO;
constexpr std::int32_t kTable = 0x10;  // in a task's header

// RawTask::poll. In the newer way to write names the type says where it stands once more.
bool polls_any_task(std::string_view name) {
  const auto has = [name](std::string_view part) { return name.find(part) != name.npos; };
  return has("5tokio7runtime4task3raw7RawTask4poll") ||
         (name.starts_with("_R") && has("5tokio7runtime4task3rawNt") && has("7RawTask4poll"));
}

class TokioFinder {
 public:
  explicit TokioFinder(const ElfFile& file) : file_(file) {}

  Result<Discovery> run() {
    TRIPTYCH_TRY_ASSIGN(const std::vector<TokioTask> tasks, tokio_tasks(file_));
    for (const TokioTask& task : tasks) {
      if (!task.is_blocking) add(task);
    }
    if (!found_.functions.empty()) TRIPTYCH_TRY(add_landings());
    return std::move(found_);
  }

 private:
  void add(const TokioTask& task) {
    const auto poll = entry(task.poll, TRIPTYCH_CPP_RESUME);
    const auto complete = entry(task.complete, TRIPTYCH_CPP_COMPLETE);
    // Without its end it cannot be told from the next one at its address.
    if (!poll || !complete) {
      ++found_.not_understood;
      return;
    }
    polls_.insert(task.poll.address);
    found_.functions.push_back({task.name, task.poll.address});
    add(*poll, static_cast<std::uint32_t>(found_.functions.size()));
    add(*complete, 0);
  }

  void add(probes::Place place, std::uint32_t function) {
    place.site.function = function;
    if (!probed_.insert(place.offset).second) return;
    (place.site.cost_ns == kEmulatedNs ? found_.places : found_.dear).push_back(place);
  }

  [[nodiscard]] std::optional<probes::Place> entry(const CodeRange& range,
                                                   std::uint8_t kind) const {
    // Whoever is over may be told by what is kept of it; who begins is told by what is.
    const auto found = entry_place(file_.code(range.address, range.size), range.address,
                                   kind == TRIPTYCH_CPP_COMPLETE);
    auto place = found ? place_at(file_, found->address, 0, kTokio) : std::nullopt;
    if (!place) return std::nullopt;
    place->site.kind = kind;
    place->site.sp_added = found->sp_added;
    place->site.id = in_register(offsetof(pt_regs, rdi));
    if (found->kept_at) {
      place->site.id = in_register(offsetof(pt_regs, rsp));
      place->site.id.kind = TRIPTYCH_OPERAND_MEMORY;
      place->site.id.value = *found->kept_at;
    }
    if (found->cost != ProbeCost::kEmulated) place->site.cost_ns = kSteppedNs;
    return place;
  }

  Result<void> add_landings() {
    Resuming resuming{polls_, kTable, {}, filled_slots(file_), true};
    std::vector<CodeRange> functions;
    TRIPTYCH_TRY(for_each_function(file_, [&](const Symbol& symbol) {
      functions.push_back({symbol.address, symbol.size});
      if (polls_any_task(symbol.name)) resuming.callers.insert(symbol.address);
    }));
    Landings landings(file_, std::move(resuming), std::move(functions));
    found_.returns = landings.find();
    for (const std::uint64_t address : landings.places()) {
      auto place = place_at(file_, address, 0, kTokio);
      if (!place) continue;
      place->site.kind = TRIPTYCH_CPP_LANDING;
      add(*place, 0);
    }
    return {};
  }

  const ElfFile& file_;
  Discovery found_;
  std::unordered_set<std::uint64_t> polls_;
  std::set<std::uint64_t> probed_;  // offsets
};

}  // namespace

Result<Discovery> discover_tokio(const ElfFile& file) {
  return TokioFinder(file).run();
}

}  // namespace triptych::coroutine::discover
