// SPDX-License-Identifier: Apache-2.0
//
// bpf_scenarios NAME N
#include "bpf/scenarios.hpp"

#include <triptych/mark.h>

#include <cstdio>
#include <cstdlib>

namespace triptych::scenarios {

void begin() {
  triptych_mark_begin("test");
}
void end() {
  triptych_mark_end("test");
}

}  // namespace triptych::scenarios

int main(int argc, char** argv) {
  using triptych::scenarios::Scenario;
  if (argc != 3) return 2;
  const std::size_t n = std::strtoul(argv[2], nullptr, 10);
  for (const auto all :
       {triptych::scenarios::memory_scenarios(), triptych::scenarios::task_scenarios(),
        triptych::scenarios::stack_scenarios()}) {
    for (const Scenario& scenario : all) {
      if (scenario.name == argv[1]) return scenario.run(n);
    }
  }
  std::fprintf(stderr, "no scenario %s\n", argv[1]);
  return 2;
}
