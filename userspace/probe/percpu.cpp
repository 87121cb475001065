// SPDX-License-Identifier: Apache-2.0
#include "probe/percpu.hpp"

#include <bpf/btf.h>

#include <optional>
#include <string_view>

namespace triptych::probe {
namespace {

// Where a variable lies in the per-CPU section.
std::optional<std::int64_t> variable_offset(const btf* types, const btf_type* section,
                                            std::string_view wanted) {
  const btf_var_secinfo* variables = btf_var_secinfos(section);
  for (unsigned i = 0; i < btf_vlen(section); ++i) {
    const btf_type* variable = btf__type_by_id(types, variables[i].type);
    if (variable == nullptr) continue;
    const char* name = btf__name_by_offset(types, variable->name_off);
    if (name != nullptr && wanted == name) return variables[i].offset;
  }
  return std::nullopt;
}

std::optional<std::int64_t> member_offset(const btf* types, const btf_type* type,
                                          std::string_view wanted) {
  const btf_member* members = btf_members(type);
  for (unsigned i = 0; i < btf_vlen(type); ++i) {
    const std::int64_t bytes = btf_member_bit_offset(type, i) / 8;
    const char* name = btf__name_by_offset(types, members[i].name_off);
    if (name != nullptr && wanted == name) return bytes;
    const btf_type* inner = btf__type_by_id(types, members[i].type);
    if (inner == nullptr || !btf_is_composite(inner) || (name != nullptr && *name != 0)) continue;
    if (const auto nested = member_offset(types, inner, wanted)) return bytes + *nested;
  }
  return std::nullopt;
}

}  // namespace

std::int64_t preempt_count_distance(const btf* types) {
  const std::int32_t id = btf__find_by_name_kind(types, ".data..percpu", BTF_KIND_DATASEC);
  if (id < 0) return 0;
  const btf_type* section = btf__type_by_id(types, static_cast<__u32>(id));
  const auto run_queue = variable_offset(types, section, "runqueues");
  if (!run_queue) return 0;
  if (const auto own = variable_offset(types, section, "__preempt_count")) {
    return *own - *run_queue;
  }
  const auto hot = variable_offset(types, section, "pcpu_hot");
  const std::int32_t hot_id = btf__find_by_name_kind(types, "pcpu_hot", BTF_KIND_STRUCT);
  if (!hot || hot_id < 0) return 0;
  const auto member =
      member_offset(types, btf__type_by_id(types, static_cast<__u32>(hot_id)), "preempt_count");
  return member ? *hot + *member - *run_queue : 0;
}

}  // namespace triptych::probe
