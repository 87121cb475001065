// SPDX-License-Identifier: Apache-2.0
//
// A trace once more, with what only the mapped files can tell in it: the names of functions, and
// the frames of stacks that had been copied.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "analyze/stacks.hpp"
#include "base/error.hpp"
#include "symbol/resolve/resolver.hpp"
#include "trace/writer.hpp"

namespace triptych::cli {

// Unwinds as another one does, and keeps what came of it for whoever asks.
class HeardUnwinder : public analyze::Unwinder {
 public:
  explicit HeardUnwinder(analyze::Unwinder& unwinder) : unwinder_(unwinder) {}
  analyze::Unwound unwind(const analyze::CopiedStack& stack,
                          const analyze::CodeSpaces& code) override;
  [[nodiscard]] std::optional<analyze::Unwound> take();

 private:
  analyze::Unwinder& unwinder_;
  std::optional<analyze::Unwound> last_;
};

class SymbolizedTrace {
 public:
  explicit SymbolizedTrace(trace::Writer& writer) : writer_(writer) {}

  // In order of time. `unwound` is what came of a copied stack: one that goes back to the beginning
  // of its thread takes the place of the memory.
  Result<void> pass(const model::Event& event, const std::optional<analyze::Unwound>& unwound);
  // When all have passed: the names of the functions that stacks go through.
  // With `inlines` those too that were put into others there.
  Result<void> add_names(const analyze::StackTable& table, symbol::resolve::Resolver& resolver,
                         bool inlines);

  [[nodiscard]] std::uint64_t functions() const { return functions_; }
  [[nodiscard]] std::uint64_t nameless() const { return nameless_; }  // places without a name
  [[nodiscard]] std::uint64_t unwound() const { return unwound_; }
  [[nodiscard]] std::uint64_t kept() const { return kept_; }  // copies of stacks

 private:
  // A place in a file, and an address at which it was met. Of code that belongs to no file it is
  // the address itself, and the process that made the code.
  struct Place {
    std::uint32_t file = 0;
    model::Tid maker = 0;
    std::uint64_t in_file = 0;
    model::MmId mm{};
    std::uint64_t address = 0;
    model::TimeNs at_ns = 0;
    bool is_return = false;
  };
  static std::vector<Place> places_of(const analyze::StackTable& table);
  Result<void> write(const model::Event& event);
  Result<void> write_name(const model::Payload& name);
  Result<void> write_stack(const model::Event& event, const model::StackCopy& copy,
                           const analyze::Unwound& unwound);
  Result<void> write_held(const model::Event& event, model::StackId id);
  Result<void> add_name(const analyze::CodeFile& file, const Place& place,
                        const symbol::resolve::Frame& frame);
  // What is inlined at the place, innermost first.
  Result<void> add_inlined(const analyze::CodeFile& file, const Place& place,
                           const std::vector<symbol::resolve::Frame>& frames);
  Result<void> add_made(const Place& place, const symbol::resolve::Frame& frame);
  [[nodiscard]] model::StackId told_as(model::StackId id);

  trace::Writer& writer_;
  model::TimeNs last_ns_ = 0;
  std::map<std::uint32_t, std::vector<model::Event>> held_;  // pieces, by StackId
  // Frames, with their address space at the end, and the number that they were told under.
  std::map<std::vector<std::uint64_t>, std::uint32_t> told_;
  std::map<std::uint32_t, std::uint32_t> same_as_;  // of copies that no event has had yet
  std::uint64_t functions_ = 0;
  std::uint64_t nameless_ = 0;
  std::uint64_t unwound_ = 0;
  std::uint64_t kept_ = 0;
};

}  // namespace triptych::cli
