// SPDX-License-Identifier: Apache-2.0
//
// Gathers a profile where others write: it is formatted when it is whole.
#pragma once

#include "export/writer.hpp"
#include "profile/collector.hpp"
#include "symbol/resolve/resolver.hpp"

namespace triptych::exports {

class ProfileWriter : public Writer {
 public:
  // `profile` is there when the export has finished.
  // Functions are looked up by `names`.
  ProfileWriter(profile::Collector collector, bool without_ids,
                symbol::resolve::ResolverOptions names, profile::Profile& profile)
      : collector_(std::move(collector)),
        without_ids_(without_ids),
        names_(std::move(names)),
        profile_(profile) {}

  void begin(const model::Metadata& metadata, std::string& out) override;
  void write(const Context& context, const analyze::Interval& interval, std::string& out) override;
  [[nodiscard]] bool takes_moments() const override { return true; }
  [[nodiscard]] bool takes_coroutines() const override { return true; }
  void coroutine(const Context& context, const analyze::CoroutineOnTop& change,
                 model::TimeNs from_ns) override;
  void coroutine(const Context& context, const analyze::CoroutineWait& wait) override;
  void finish(const Context& context, const analyze::Summary& summary, std::string& out) override;

 private:
  profile::Collector collector_;
  bool without_ids_;
  symbol::resolve::ResolverOptions names_;
  profile::Profile& profile_;
};

}  // namespace triptych::exports
