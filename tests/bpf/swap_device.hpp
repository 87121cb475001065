// SPDX-License-Identifier: Apache-2.0
//
// A small swap device in compressed memory (zram), for as long as the object lives.
#pragma once

#include <string>

namespace triptych::test {

class SwapDevice {
 public:
  SwapDevice();
  SwapDevice(const SwapDevice&) = delete;
  SwapDevice& operator=(const SwapDevice&) = delete;
  ~SwapDevice();

  // Empty if it is in use; otherwise what the machine lacks.
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

 private:
  int number_ = -1;
  std::string path_;
  std::string refusal_;
};

}  // namespace triptych::test
