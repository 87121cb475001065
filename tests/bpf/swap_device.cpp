// SPDX-License-Identifier: Apache-2.0
#include "bpf/swap_device.hpp"

#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace triptych::test {
namespace {

constexpr const char* kControl = "/sys/class/zram-control";

}  // namespace

SwapDevice::SwapDevice() {
  if (::access(kControl, F_OK) != 0 && std::system("modprobe zram 2>/dev/null") != 0) {
    refusal_ = "the kernel has no zram";
    return;
  }
  // Reading makes a new device and tells its number.
  if (!(std::ifstream(std::string(kControl) + "/hot_add") >> number_)) {
    refusal_ = "no zram device can be added";
    return;
  }
  const std::string name = "zram" + std::to_string(number_);
  path_ = "/dev/" + name;
  unsigned major = 0, minor = 0;
  char colon = 0;
  std::ifstream("/sys/block/" + name + "/dev") >> major >> colon >> minor;
  ::mknod(path_.c_str(), S_IFBLK | 0600, makedev(major, minor));  // unless devtmpfs was quicker
  std::ofstream("/sys/block/" + name + "/disksize") << "64M" << std::flush;
  if (std::system(("mkswap " + path_ + " >/dev/null 2>&1").c_str()) != 0 ||
      ::swapon(path_.c_str(), 0) != 0) {
    refusal_ = path_ + " cannot be swapped to";
  }
}

SwapDevice::~SwapDevice() {
  if (number_ < 0) return;
  if (refusal_.empty()) ::swapoff(path_.c_str());
  std::ofstream("/sys/block/zram" + std::to_string(number_) + "/reset") << 1 << std::flush;
  std::ofstream(std::string(kControl) + "/hot_remove") << number_ << std::flush;
}

}  // namespace triptych::test
