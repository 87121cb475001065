// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "workloads/ipc/link.hpp"
#include "workloads/limits.hpp"
#include "workloads/support/crew.hpp"

namespace triptych::workloads::ipc {
namespace {

constexpr unsigned kUnits = 2;  // the first one begins

int begin_round_trips(const Links& links, std::size_t words, std::uint64_t count) {
  std::uint64_t total = 0;
  for (std::uint64_t number = 0; number < count; ++number) {
    if (const int error = links.there->send(number); error != 0) return error;
    if (const int error = links.back->receive(&total); error != 0) return error;
  }
  return total == expected_sum(count, words) ? 0 : EBADMSG;
}

int answer_round_trips(const Links& links, std::size_t words, std::uint64_t count) {
  std::uint64_t total = 0;
  for (std::uint64_t number = 0; number < count; ++number) {
    if (const int error = links.there->receive(&total); error != 0) return error;
    if (const int error = links.back->send(number); error != 0) return error;
  }
  return total == expected_sum(count, words) ? 0 : EBADMSG;
}

int begin_stream(const Links& links, std::uint64_t count) {
  for (std::uint64_t number = 0; number < count; ++number) {
    if (const int error = links.there->send(number); error != 0) return error;
  }
  return 0;
}

int end_stream(const Links& links, std::size_t words, std::uint64_t count) {
  std::uint64_t total = 0;
  for (std::uint64_t number = 0; number < count; ++number) {
    if (const int error = links.there->receive(&total); error != 0) return error;
  }
  return total == expected_sum(count, words) ? 0 : EBADMSG;
}

class CrewCell final : public Cell {
 public:
  static Result<std::unique_ptr<Cell>> make(Model model, const Options& options,
                                            const Links& links) {
    auto cell = std::make_unique<CrewCell>();
    TRIPTYCH_TRY_ASSIGN(
        cell->crew_,
        Crew::start(model, kUnits, [options, links](unsigned unit, std::uint64_t operations) {
          if (options.pattern == Pattern::kStream) {
            return unit == 0 ? begin_stream(links, operations)
                             : end_stream(links, options.words, operations);
          }
          return unit == 0 ? begin_round_trips(links, options.words, operations)
                           : answer_round_trips(links, options.words, operations);
        }));
    return cell;
  }

  Result<void> run(std::uint64_t operations) override {
    operations_ += operations;
    return crew_->run_each(operations);
  }

  std::vector<Metric> metrics() const override { return switch_metrics(*crew_, operations_); }
  Usage usage_of_living_processes() const override { return crew_->usage_of_processes(); }

 private:
  std::uint64_t operations_ = 0;
  std::unique_ptr<Crew> crew_;  // keeps the links
};

}  // namespace

Result<std::unique_ptr<Cell>> make_crew_cell(Model model, const Parameters& parameters,
                                             Result<Links> (*make_links)(const Options& options),
                                             unsigned guardians) {
  const Options options = read_options(parameters);
  Needs needs;
  needs.tasks = kUnits + guardians;
  TRIPTYCH_TRY(require(needs));
  TRIPTYCH_TRY_ASSIGN(const Links links, make_links(options));
  return CrewCell::make(model, options, links);
}

}  // namespace triptych::workloads::ipc
