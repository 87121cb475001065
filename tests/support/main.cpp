// SPDX-License-Identifier: Apache-2.0
//
// The main function of every GoogleTest program: a program whose tests were all skipped exits with
// 77, which CTest reports as skipped. With TRIPTYCH_REQUIRE set, any skip is a failure, so that a
// machine that should run everything cannot stay green by skipping.
#include <gtest/gtest.h>

#include <cstdlib>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const int status = RUN_ALL_TESTS();
  const testing::UnitTest& tests = *testing::UnitTest::GetInstance();
  if (status != 0 || tests.skipped_test_count() == 0) return status;
  if (std::getenv("TRIPTYCH_REQUIRE") != nullptr) {
    std::fprintf(stderr, "%d tests were skipped, and TRIPTYCH_REQUIRE is set\n",
                 tests.skipped_test_count());
    return 1;
  }
  return tests.successful_test_count() == 0 ? 77 : 0;
}
