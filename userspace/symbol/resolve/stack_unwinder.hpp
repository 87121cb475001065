// SPDX-License-Identifier: Apache-2.0
//
// Unwinds copied stacks by the rules that the mapped files have for their code: afterwards, with
// the rights of who asks. Stacks and files are anybody's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "analyze/unwinder.hpp"
#include "symbol/resolve/frame_expression.hpp"

namespace triptych::symbol::resolve {

class StackUnwinder : public analyze::Unwinder {
 public:
  // `kernel` is the release of the recorded one: see open_code_file().
  explicit StackUnwinder(std::string kernel);
  ~StackUnwinder() override;

  analyze::Unwound unwind(const analyze::CopiedStack& stack,
                          const analyze::CodeSpaces& code) override;

 private:
  struct File;
  struct Walk;
  // What comes of one step outwards; none: there is a caller.
  std::optional<analyze::StackEnd> step(Walk& walk);
  std::optional<analyze::StackEnd> step_by_frame_pointer(Walk& walk) const;
  File& file_of(const analyze::CodeSpaces& code, std::uint32_t number);

  std::string kernel_;
  std::unordered_map<std::uint32_t, std::unique_ptr<File>> files_;  // by CodeMap::file
};

}  // namespace triptych::symbol::resolve
