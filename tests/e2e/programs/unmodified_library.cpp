// SPDX-License-Identifier: Apache-2.0
//
// Coroutines in a library of their own.
#include "unmodified.hpp"

Counts library_parent{"in_library"}, library_child{"library_leaf"};

[[gnu::noinline]] Task library_leaf(Counts&, int n) {
  co_await Turn{};
  co_return n * 2;
}

[[gnu::noinline]] Task in_library(Counts&, int n) {
  long sum = 0;
  for (int i = 0; i < n; ++i) sum += co_await library_leaf(library_child, i);
  co_return sum;
}
