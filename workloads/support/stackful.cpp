// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/stackful.hpp"

#include <exception>

namespace triptych::workloads {

namespace context = boost::context::detail;

Result<std::unique_ptr<Stackful>> Stackful::create(std::function<void()> body,
                                                   std::size_t stack_bytes) {
  TRIPTYCH_TRY_ASSIGN(GuardedStack stack, GuardedStack::create(stack_bytes));
  return std::unique_ptr<Stackful>(new Stackful(std::move(body), std::move(stack)));
}

Stackful::Stackful(std::function<void()> body, GuardedStack stack)
    : body_(std::move(body)),
      stack_(std::move(stack)),
      context_(context::make_fcontext(stack_.top(), stack_.bytes(), &Stackful::enter)) {
  stackful_units.created(this);
}

void Stackful::enter(context::transfer_t from) {
  StackfulScheduler& scheduler = StackfulScheduler::arrived(from);
  scheduler.current()->body_();
  stackful_units.finished(scheduler.current());
  scheduler.switch_away();
  std::terminate();  // nobody makes an ended coroutine ready
}

}  // namespace triptych::workloads
