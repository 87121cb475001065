// SPDX-License-Identifier: Apache-2.0
#include "workloads/cow/cow.hpp"

namespace triptych::workloads {
namespace {

constexpr std::string_view kPageSizes[] = {"small", "huge"};
constexpr std::string_view kKinds[] = {"anonymous", "file"};
constexpr std::uint64_t kWhole = 1'000'000;

constexpr Parameter kParameters[] = {
    {"resident",
     "the memory, all of it resident",
     ParameterKind::kBytes,
     16ull << 20,
     kPageBytes,
     1ull << 30,
     {}},
    {"child", "share of it that the unit writes", ParameterKind::kShare, kWhole / 2, 0, kWhole, {}},
    {"during",
     "share that the creator writes while the unit lives",
     ParameterKind::kShare,
     0,
     0,
     kWhole,
     {}},
    {"after",
     "share that the creator writes after the unit has ended",
     ParameterKind::kShare,
     0,
     0,
     kWhole,
     {}},
    {"memory", "anonymous, written before; or a private mapping of a file, read before",
     ParameterKind::kChoice, 0, 0, 0, kKinds},
    {"pages", "of anonymous memory: 4 KiB each, or transparent huge pages", ParameterKind::kChoice,
     0, 0, 0, kPageSizes},
};

constexpr Variant kVariants[] = {
    {Model::kProcess, "fork", "a forked child: who writes first, copies", cow::make_process},
    {Model::kThread, "default", "a peer thread: the memory is one", cow::make_thread},
    {Model::kCoroutine, "stackless", "a C++20 coroutine: the memory is one", cow::make_stackless},
    {Model::kCoroutine, "stackful", "a Boost.Context coroutine: the memory is one",
     cow::make_stackful},
};

}  // namespace

Scenario cow_scenario() {
  Scenario scenario;
  scenario.name = "cow";
  scenario.operation =
      "create a unit, which writes its share of the memory; the creator writes its own share; the "
      "unit ends, and the creator writes once more";
  scenario.alike =
      "the same pages of the same memory are written by the same side in the same order";
  scenario.different =
      "after a fork parent and child have each page in common until one of them writes it: that "
      "one gets a copy, and who is left alone with a page takes it over; threads and coroutines "
      "have one memory and nothing to copy, except that the first write to a page of a file copies "
      "it in every memory";
  scenario.parameters = kParameters;
  scenario.variants.assign(std::begin(kVariants), std::end(kVariants));
  scenario.default_operations = 10;
  return scenario;
}

}  // namespace triptych::workloads
