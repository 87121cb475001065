// SPDX-License-Identifier: Apache-2.0
//
// Tasks of tokio by their symbols.
#include "coroutine/discover/tokio.hpp"

#include <gtest/gtest.h>

#include "coroutine/discover/tokio_names.hpp"
#include "python_support.hpp"
#include "support/elf_builder.hpp"

namespace triptych::coroutine::discover {
namespace {

using test::open_elf;

TEST(Tokio, NamesAreReadAsPeopleWriteThem) {
  EXPECT_EQ(readable_rust_name("tk..run..$u7b$$u7b$closure$u7d$$u7d$"), "tk::run::{{closure}}");
  EXPECT_EQ(readable_rust_name("$LT$$RF$mut$u20$T$u20$as$u20$a..B$GT$"), "<&mut T as a::B>");
  EXPECT_EQ(readable_rust_name("$LP$u8$C$$BP$const$u20$u8$RP$$u5b$3$u5d$"), "(u8,*const u8)[3]");
  EXPECT_EQ(readable_rust_name("$odd$."), "$odd$.");
  EXPECT_EQ(readable_rust_name(""), "");
}

TEST(Tokio, ATaskIsNamedByWhatIsDroppedWithIt) {
  EXPECT_EQ(
      task_of_drop("_ZN4core3ptr196drop_in_place$LT$tokio..runtime..task..core..Cell$LT$tk..Counted"
                   "$LT$tk..sleeper..$u7b$$u7b$closure$u7d$$u7d$$GT$$C$alloc..sync..Arc$LT$tokio.."
                   "runtime..scheduler..current_thread..Handle$GT$$GT$$GT$17h6150fe40a0f218c2E"),
      "tk::Counted<tk::sleeper::{{closure}}>");
  EXPECT_EQ(
      task_of_drop("_ZN4core3ptr99drop_in_place$LT$tokio..runtime..task..core..Stage$LT$core.."
                   "future..from_generator..GenFuture$LT$tk..old..$u7b$$u7b$closure$u7d$$u7d$"
                   "$GT$$GT$$GT$17h72f6ffc321c95213E"),
      "tk::old::{{closure}}");
  EXPECT_EQ(task_of_drop("_ZN4core3ptr49drop_in_place$LT$alloc..string..String$GT$17h7E"), "");
  EXPECT_EQ(task_of_drop("drop_in_place$LT$tokio..runtime..task..core..Cell$LT$cut"), "");
  EXPECT_EQ(task_of_drop(""), "");
}

TEST(Tokio, NamesInTheNewerWayHaveTheTask) {
  EXPECT_EQ(task_of_poll("tokio::runtime::task::raw::poll::<tk::Counted<tk::worker::{closure#0}>, "
                         "alloc::sync::Arc<tokio::runtime::scheduler::Handle>>"),
            "tk::Counted<tk::worker::{closure#0}>");
  EXPECT_EQ(task_of_poll("tokio::runtime::task::raw::poll::<cut"), "");
  EXPECT_EQ(task_of_poll("tokio::runtime::task::raw::poll"), "");
  EXPECT_EQ(task_of_poll(""), "");
}

TEST(Tokio, AnotherProgramHasNone) {
  for (const std::string& bytes : {test::ElfBuilder().build(), test::bytes_of_first("/bin/true")}) {
    const auto plan = discover_tokio(*open_elf(bytes));
    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->places.empty());
    EXPECT_EQ(plan->not_understood, 0u);
  }
}

// Its step would be found, but not its end: the next one at its address would be taken for it.
TEST(Tokio, ATaskWithoutAnEndIsNotProbed) {
  test::ElfBuilder elf;
  elf.code("\x55\xc3")
      .function("_ZN5tokio7runtime4task3raw4poll17h0123456789abcdefE",
                test::ElfBuilder::kCodeAddress, 2);
  const auto plan = discover_tokio(*open_elf(elf.build()));
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->places.empty());
  EXPECT_EQ(plan->not_understood, 1u);
}

}  // namespace
}  // namespace triptych::coroutine::discover
