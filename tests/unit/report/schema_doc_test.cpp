// SPDX-License-Identifier: Apache-2.0
//
// The schema is documented, all of it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "model/data_quality.hpp"
#include "report/report.hpp"

namespace triptych::report {
namespace {

using nlohmann::json;

void collect_names(const json& schema, std::set<std::string>& names) {
  if (schema.is_array()) {
    for (const json& each : schema) collect_names(each, names);
  }
  if (!schema.is_object()) return;
  for (const auto& [key, value] : schema.items()) {
    if (key == "properties") {
      for (const auto& member : value.items()) names.insert(member.key());
    }
    collect_names(value, names);
  }
}

TEST(SchemaDocumentation, NamesEveryMember) {
  const char* source = std::getenv("TRIPTYCH_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  std::ifstream file(std::string(source) + "/docs/report-schema.md");
  std::stringstream page;
  page << file.rdbuf();
  ASSERT_FALSE(page.str().empty());
  std::set<std::string> names;
  collect_names(json::parse(json_schema()), names);
  EXPECT_GT(names.size(), 150u);
  for (const std::string& name : names) {
    const bool quoted = page.str().find("`" + name + "`") != std::string::npos ||
                        page.str().find("." + name + "`") != std::string::npos ||
                        page.str().find("`" + name + "[") != std::string::npos;
    EXPECT_TRUE(quoted) << name << " is not in docs/report-schema.md";
  }
}

TEST(SchemaDocumentation, HasEveryDataQualityCounter) {
  const json schema = json::parse(json_schema());
  const json& members = schema["properties"]["data_quality"]["properties"];
  for (const model::QualityInfo& info : model::kQualityInfo) {
    EXPECT_TRUE(members.contains(std::string(info.name))) << info.name;
  }
}

}  // namespace
}  // namespace triptych::report
