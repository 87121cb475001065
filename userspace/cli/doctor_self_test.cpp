// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor_self_test.hpp"

#include <fmt/format.h>

#include <string>

namespace triptych::cli {
namespace {

constexpr const char* kNever = "triptych never probes one, whatever this says.";

std::string about_nop(const Result<probe::FiveByteNop>& nop) {
  if (!nop)
    return fmt::format("Probes on 5-byte nops: not tried: {}. {}", nop.error().message, kNever);
  if (!nop->rewritten && nop->child_killed_by == 0 && nop->below_stack_kept) {
    return fmt::format(
        "Probes on 5-byte nops: survived (tried): this kernel has a breakpoint there. {}", kNever);
  }
  std::string text = "Probes on 5-byte nops: ";
  text +=
      nop->child_killed_by != 0
          ? fmt::format("this kernel kills forked children of a probed program (tried: signal {})",
                        nop->child_killed_by)
          : "forked children of a probed program survived (tried)";
  text += nop->rewritten ? "; it turns the nop into a call" : "; it has a breakpoint there";
  text += nop->below_stack_kept
              ? ", and what a function keeps below its stack pointer stays as it was. "
              : ", which overwrites what a function keeps below its stack pointer. ";
  return text + kNever;
}

}  // namespace

report::Section self_test_section(const Result<probe::FiveByteNop>& nop) {
  report::Section section("Self-test", "");
  section.blocks.emplace_back(report::Paragraph{about_nop(nop)});
  return section;
}

nlohmann::ordered_json self_test_as_json(const Result<probe::FiveByteNop>& nop) {
  nlohmann::ordered_json json = {{"tried", nop.has_value()},
                                 {"reason", nop ? "" : nop.error().message},
                                 {"hits", nullptr},
                                 {"rewritten", nullptr},
                                 {"forked_child_killed_by", nullptr},
                                 {"kept_below_stack_pointer", nullptr}};
  if (!nop) return json;
  json["hits"] = nop->hits;
  json["rewritten"] = nop->rewritten;
  json["forked_child_killed_by"] = nop->child_killed_by;
  json["kept_below_stack_pointer"] = nop->below_stack_kept;
  return json;
}

}  // namespace triptych::cli
