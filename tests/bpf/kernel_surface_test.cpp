// SPDX-License-Identifier: Apache-2.0
//
// Every kernel structure and field that bpf/kernel/kernel_types.h names must exist in the running
// kernel, or be listed here as one that came or went with a version.
#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <string>

namespace triptych::test {
namespace {

// Replaced by a flavour in core_compat.h on some kernels.
const std::set<std::string> kOptional = {"percpu_counter", "mm_struct.rss_stat"};

struct FreeBtf {
  void operator()(btf* types) const { btf__free(types); }
};

bool has_member(const btf* types, const btf_type* type, const std::string& wanted) {
  const btf_member* members = btf_members(type);
  for (unsigned i = 0; i < btf_vlen(type); ++i) {
    const std::string name = btf__name_by_offset(types, members[i].name_off);
    if (name == wanted) return true;
    if (!name.empty()) continue;
    const btf_type* inner = btf__type_by_id(types, members[i].type);
    if (inner != nullptr && btf_is_composite(inner) && has_member(types, inner, wanted))
      return true;
  }
  return false;
}

// structure → fields, read from the header's own text.
std::map<std::string, std::set<std::string>> surface() {
  const char* source = std::getenv("TRIPTYCH_SOURCE_DIR");
  std::ifstream file(std::string(source == nullptr ? "." : source) + "/bpf/kernel/kernel_types.h");
  std::map<std::string, std::set<std::string>> structures;
  std::string line, current;
  const std::regex begin(R"(^struct (\w+) \{)"),
      field(R"(^\t[\w ]+[ \*]+(\w+)(\[\w+\])?( : \d+)?;)");
  std::smatch match;
  while (std::getline(file, line)) {
    if (std::regex_search(line, match, begin)) current = match[1];
    if (line.starts_with("}")) current.clear();
    if (!current.empty() && std::regex_search(line, match, field)) {
      structures[current].insert(match[1]);
    }
  }
  return structures;
}

TEST(KernelSurface, EveryFieldExistsInTheRunningKernel) {
  const auto structures = surface();
  if (structures.empty()) GTEST_SKIP() << "the source tree is not here";
  ASSERT_GE(structures.size(), 15u);
  const std::unique_ptr<btf, FreeBtf> types(btf__load_vmlinux_btf());
  if (!types) GTEST_SKIP() << "no kernel type information";
  for (const auto& [structure, fields] : structures) {
    const int id = btf__find_by_name_kind(types.get(), structure.c_str(), BTF_KIND_STRUCT);
    if (kOptional.count(structure) != 0 && id < 0) continue;
    ASSERT_GT(id, 0) << "struct " << structure;
    for (const std::string& name : fields) {
      const bool optional = kOptional.count(structure + "." + name) != 0;
      EXPECT_TRUE(optional || has_member(types.get(), btf__type_by_id(types.get(), id), name))
          << structure << "." << name;
    }
  }
}

}  // namespace
}  // namespace triptych::test
