// SPDX-License-Identifier: Apache-2.0
#include "probe/coroutine_programs.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/check.hpp"
#include "probe/single_user_probes.hpp"
#include "probe/skeleton.hpp"

namespace triptych::probe {
namespace {

constexpr std::string_view kPrograms[] = {"on_coroutine_marker", "on_cpp_coroutine", "on_context",
                                          "on_python_step", "on_greenlet"};

bpf_program* find(triptych_bpf* skeleton, std::string_view name) {
  return bpf_object__find_program_by_name(skeleton->obj, std::string(name).c_str());
}

}  // namespace

void CoroutinePrograms::prepare(UserProbeWay way) {
  way_ = way;
  const auto loads = [this](std::string_view name) {
    return bpf_program__autoload(find(skeleton_, name));
  };
  bool any = false;
  for (const std::string_view name : kPrograms) {
    if (way == UserProbeWay::kTogether) {
      bpf_program__set_expected_attach_type(find(skeleton_, name),
                                            static_cast<bpf_attach_type>(kUserProbesAttachType));
    }
    any = any || loads(name);
  }
  const auto& maps = skeleton_->maps;
  for (bpf_map* map : {maps.coroutine_sites, maps.coroutine_cpu_states, maps.coroutine_spaces,
                       maps.coroutine_functions, maps.known_coroutine_functions}) {
    bpf_map__set_autocreate(map, any);
  }
  for (bpf_map* map : {maps.cpp_threads, maps.cpp_frames, maps.cpp_returns}) {
    bpf_map__set_autocreate(map, loads("on_cpp_coroutine"));
  }
  for (bpf_map* map : {maps.contexts, maps.context_threads, maps.context_entries}) {
    bpf_map__set_autocreate(map, loads("on_context"));
  }
  for (bpf_map* map : {maps.python_layouts, maps.python_functions, maps.python_function_texts,
                       maps.python_threads}) {
    bpf_map__set_autocreate(map, loads("on_python_step") || loads("on_greenlet"));
  }
  bpf_map__set_autocreate(maps.python_tasks, loads("on_python_step"));
  bpf_map__set_autocreate(maps.greenlets, loads("on_greenlet"));
}

Result<void> CoroutinePrograms::load(const std::vector<std::string>& programs, UserProbeWay way) {
  TRIPTYCH_TRY_ASSIGN(SkeletonOwner beside, open_skeleton());
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, beside->obj) {
    const std::string_view name = bpf_program__name(program);
    bpf_program__set_autoload(program,
                              std::find(programs.begin(), programs.end(), name) != programs.end());
  }
  TRIPTYCH_TRY(share_maps(*skeleton_, beside.get()));
  triptych_bpf* const running = std::exchange(skeleton_, beside.get());
  prepare(way);
  if (auto loaded = load_skeleton(skeleton_); !loaded) {
    skeleton_ = running;
    return loaded;
  }
  beside_ = std::move(beside);
  return {};
}

bool CoroutinePrograms::loaded() const {
  return bpf_map__fd(skeleton_->maps.coroutine_cpu_states) >= 0 &&
         std::any_of(std::begin(kPrograms), std::end(kPrograms), [this](std::string_view name) {
           return bpf_program__autoload(find(skeleton_, name));
         });
}

Result<void> CoroutinePrograms::attach(std::string_view program, int file,
                                       std::span<const UserProbe> probes) {
  const std::size_t most =
      way_ == UserProbeWay::kTogether ? TRIPTYCH_MAX_COROUTINE_SITES : kMostSingleProbes;
  if (probes.size() > most - places_)
    return fail(fmt::format("more than {} places to probe", most));
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const auto index = static_cast<std::uint32_t>(places_ + i);
    if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.coroutine_sites), &index, &probes[i].site,
                            BPF_ANY) != 0) {
      return fail_errno("tell the programs what a probe means", errno);
    }
  }
  bpf_program* found = find(skeleton_, program);
  TRIPTYCH_CHECK(found != nullptr);
  if (way_ == UserProbeWay::kTogether) {
    TRIPTYCH_TRY_ASSIGN(UniqueFd link,
                        attach_user_probes(bpf_program__fd(found), file, probes, places_));
    links_.push_back(std::move(link));
  } else {
    TRIPTYCH_TRY_ASSIGN(std::vector<UniqueFd> links,
                        attach_single_user_probes(bpf_program__fd(found), file, probes, places_));
    std::move(links.begin(), links.end(), std::back_inserter(links_));
  }
  places_ += static_cast<std::uint32_t>(probes.size());
  return {};
}

std::uint32_t CoroutinePrograms::add_function(std::string_view name, std::uint64_t address) {
  if (functions_ == TRIPTYCH_MAX_KNOWN_FUNCTIONS) return 0;
  triptych_known_function function{};
  function.address = address;
  name = name.substr(0, sizeof(function.name) - 1);
  std::memcpy(function.name, name.data(), name.size());
  if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.known_coroutine_functions), &functions_,
                          &function, BPF_ANY) != 0) {
    return 0;
  }
  return ++functions_;
}

Result<void> CoroutinePrograms::add_python(std::uint32_t file,
                                           const triptych_python_layout& layout) {
  if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.python_layouts), &file, &layout, BPF_ANY) !=
      0) {
    return fail_errno("tell the programs what a Python looks like", errno);
  }
  return {};
}

void CoroutinePrograms::add_context_entry(std::uint32_t file, std::uint64_t address,
                                          std::uint32_t function) {
  const triptych_context_entry_key key{address, file, 0};
  // What finds no room there has no name.
  bpf_map_update_elem(bpf_map__fd(skeleton_->maps.context_entries), &key, &function, BPF_ANY);
}

void CoroutinePrograms::set_context_layout(const triptych_context_layout& layout) {
  skeleton_->data->context_layout = layout;
}

void CoroutinePrograms::set_context_loop(const triptych_context_loop& loop) {
  skeleton_->bss->context_loop = loop;
}

void CoroutinePrograms::detach() {
  skeleton_->bss->coroutines_ended = true;
  if (way_ == UserProbeWay::kTogether || links_.empty()) {
    links_.clear();
    return;
  }
  leaving_ =
      std::async(std::launch::async, [links = std::move(links_)]() mutable { links.clear(); });
  links_.clear();
}

std::vector<triptych_cpp_return> CoroutinePrograms::take_new_returns() {
  std::vector<triptych_cpp_return> found;
  const int map = bpf_map__fd(skeleton_->maps.cpp_returns);
  // Read before the map: what comes meanwhile is found now or the next time.
  const std::uint64_t seen = *reinterpret_cast<volatile __u64*>(&skeleton_->bss->cpp_new_returns);
  if (map < 0 || seen == returns_seen_) return found;
  returns_seen_ = seen;
  triptych_cpp_return key{};
  const void* previous = nullptr;
  for (triptych_cpp_return next{}; bpf_map_get_next_key(map, previous, &next) == 0;) {
    std::uint32_t state = 0;
    if (bpf_map_lookup_elem(map, &next, &state) == 0 && state == TRIPTYCH_CPP_RETURN_NEW) {
      found.push_back(next);
    }
    key = next;
    previous = &key;
  }
  return found;
}

void CoroutinePrograms::settle_return(const triptych_cpp_return& place, std::uint32_t state) {
  // What finds no room there is seen too late, and said to be.
  bpf_map_update_elem(bpf_map__fd(skeleton_->maps.cpp_returns), &place, &state, BPF_ANY);
}

std::vector<triptych_coroutine_cpu_state> CoroutinePrograms::cpu_states() const {
  if (!loaded()) return {};
  std::vector<triptych_coroutine_cpu_state> states(
      static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const std::uint32_t zero = 0;
  const int map = bpf_map__fd(skeleton_->maps.coroutine_cpu_states);
  if (bpf_map_lookup_elem(map, &zero, states.data()) != 0) return {};
  return states;
}

CoroutinePrograms::Cost CoroutinePrograms::cost() const {
  Cost cost;
  for (const triptych_coroutine_cpu_state& state : cpu_states()) {
    cost.hits += state.hits;
    cost.ns += state.cost_ns;
  }
  return cost;
}

std::vector<triptych_coroutine_lost> CoroutinePrograms::last_losses() const {
  std::vector<triptych_coroutine_lost> losses;
  const std::vector<triptych_coroutine_cpu_state> states = cpu_states();
  for (std::size_t cpu = 0; cpu < states.size(); ++cpu) {
    const triptych_coroutine_cpu_state& state = states[cpu];
    if (state.pending == 0) continue;
    triptych_coroutine_lost lost{};
    lost.hdr.ts_ns = std::max(state.last_ns, state.first_ns);
    lost.hdr.cpu = static_cast<__u16>(cpu);
    lost.hdr.kind = TRIPTYCH_EV_COROUTINE_LOST;
    lost.hdr.size8 = sizeof(lost) / 8;
    lost.first_ns = state.first_ns;
    lost.last_ns = state.last_ns;
    lost.count = state.pending;
    lost.reason = TRIPTYCH_COROUTINE_LOSS_KERNEL;
    losses.push_back(lost);
  }
  return losses;
}

}  // namespace triptych::probe
