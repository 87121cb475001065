// SPDX-License-Identifier: Apache-2.0
//
// The answering side of workloads/support/stat_refresh.hpp: all that a cell without root's rights
// can have done for it.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::compare {

class RefreshService {
 public:
  static Result<RefreshService> open();

  // "NAME=descriptor", for the environment of the child.
  [[nodiscard]] std::string variable() const;
  // In the child, before exec: lets it inherit its end.
  [[nodiscard]] bool hand_over() const;
  // In the parent, after fork.
  void keep_own_end() { asking_.reset(); }

  [[nodiscard]] int fd() const { return answering_.get(); }  // readable: there is a question
  void answer();  // refreshes the statistics; at the end of the questions closes fd()

 private:
  UniqueFd answering_;
  UniqueFd asking_;
};

}  // namespace triptych::compare
