// SPDX-License-Identifier: Apache-2.0
//
// Which function is a coroutine's, and what is known of functions.
#include "analyze/coroutine_tracker.hpp"

namespace triptych::analyze {
namespace {

constexpr std::size_t kMostInside = 64;

}  // namespace

CoroutineFunction& CoroutineTracker::function_of(std::uint32_t number) {
  CoroutineFunction& function = functions_[number];
  function.number = number;
  return function;
}

void CoroutineTracker::on_function(const model::CoroutineFunction& function) {
  CoroutineFunction& known = function_of(function.function);
  known.name = function.name.view();
  known.line = function.line;
  known.address = function.address;
}

void CoroutineTracker::on_file(const model::CoroutineFile& file) {
  function_of(file.function).file = file.name.view();
}

// Told before the suspension; of what is not whole the beginning is true.
void CoroutineTracker::on_inside(const model::CoroutineInside& inside) {
  const auto found = living_.find({static_cast<std::uint32_t>(inside.space), inside.id});
  if (found == living_.end() || !found->second->mounted) return;
  std::vector<std::uint32_t>& functions = found->second->inside;
  if (inside.depth != functions.size() + 1 || inside.depth > kMostInside) return;
  functions.push_back(inside.function);
  if (inside.function != 0) function_of(inside.function).is_callee = true;
}

// Some are named only when they have run for a while: what was theirs until then is the function's.
void CoroutineTracker::name(Row& row, std::uint32_t number) {
  if (row.coroutine.function == 0) {
    const CoroutineTimes& times = row.coroutine.times;
    CoroutineFunction &nobody = function_of(0), &function = function_of(number);
    for (const auto what :
         {&CoroutineTimes::mounted_ns, &CoroutineTimes::on_cpu_ns, &CoroutineTimes::runnable_ns,
          &CoroutineTimes::blocked_ns, &CoroutineTimes::unknown_ns, &CoroutineTimes::gil_ns,
          &CoroutineTimes::suspended_ns}) {
      nobody.times.*what -= times.*what;
      function.times.*what += times.*what;
    }
    for (const auto what :
         {&CoroutineCounts::created, &CoroutineCounts::resumed, &CoroutineCounts::suspended,
          &CoroutineCounts::finished, &CoroutineCounts::destroyed}) {
      nobody.counts.*what -= row.unnamed.*what;
      function.counts.*what += row.unnamed.*what;
    }
    if (times.mounted_ns >= slow_step_ns_) {  // or none of them is its
      for (BlockedLoop& block : blocks_) {
        if (block.coroutine == row.coroutine.number) block.function = number;
      }
    }
    row.unnamed = {};
    function.creations_unseen = function.creations_unseen || is_creation_unseen(row.coroutine);
  }
  row.coroutine.function = number;
}

}  // namespace triptych::analyze
