// SPDX-License-Identifier: Apache-2.0
#include "host/host.hpp"

#include <gtest/gtest.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace triptych::host {
namespace {

TEST(ReadCpuinfo, FindsModelAndHypervisor) {
  model::Host host;
  read_cpuinfo(
      "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Some CPU @ 2.00GHz\nflags\t\t: fpu vme "
      "hypervisor lahf_lm\n",
      &host);
  EXPECT_EQ(host.cpu_model, "Some CPU @ 2.00GHz");
  EXPECT_TRUE(host.virtual_machine);
}

TEST(ReadCpuinfo, IsNotFooledByPartsOfWords) {
  model::Host host;
  read_cpuinfo("model name : A: B\nflags : fpu hypervisorless\n", &host);
  EXPECT_EQ(host.cpu_model, "A: B");
  EXPECT_FALSE(host.virtual_machine);
}

TEST(ReadCpuinfo, ToleratesAnything) {
  model::Host host;
  for (const char* text : {"", ":", "\n\n", "model name", "model name:", " \t: \t\n", "flags\t:"}) {
    read_cpuinfo(text, &host);
    EXPECT_EQ(host.cpu_model, "") << text;
    EXPECT_FALSE(host.virtual_machine) << text;
  }
}

TEST(DescribeHost, IsThisOne) {
  utsname names{};
  ASSERT_EQ(::uname(&names), 0);
  const model::Host host = describe_host();
  EXPECT_EQ(host.kernel, names.release);
  EXPECT_EQ(host.machine, "x86_64");
  EXPECT_EQ(host.cpus, static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN)));
  EXPECT_EQ(host.page_size, 4096u);
  EXPECT_NE(host.cpu_model, "");
}

}  // namespace
}  // namespace triptych::host
