// SPDX-License-Identifier: Apache-2.0
#include "export/profile_writer.hpp"

namespace triptych::exports {

void ProfileWriter::begin(const model::Metadata& /*metadata*/, std::string& /*out*/) {}

void ProfileWriter::write(const Context& /*context*/, const analyze::Interval& interval,
                          std::string& /*out*/) {
  collector_.add(interval);
}

void ProfileWriter::coroutine(const Context& /*context*/, const analyze::CoroutineOnTop& change,
                              model::TimeNs from_ns) {
  collector_.add(change, from_ns);
}

void ProfileWriter::coroutine(const Context& /*context*/, const analyze::CoroutineWait& wait) {
  collector_.add(wait);
}

void ProfileWriter::finish(const Context& /*context*/, const analyze::Summary& summary,
                           std::string& /*out*/) {
  symbol::resolve::Resolver resolver(*summary.stacks.table, names_);
  profile_ = collector_.finish(summary, resolver, without_ids_);
}

}  // namespace triptych::exports
