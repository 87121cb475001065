// SPDX-License-Identifier: Apache-2.0
#include "export/pprof.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <protozero/pbf_writer.hpp>
#include <unordered_map>
#include <vector>

#include "base/text.hpp"
#include "export/gzip.hpp"

namespace triptych::exports {
namespace {

// Field numbers of profile.proto.
namespace field {
enum Profile : protozero::pbf_tag_type {
  kSampleType = 1,
  kSample = 2,
  kMapping = 3,
  kLocation = 4,
  kFunction = 5,
  kString = 6,
  kTimeNanos = 9,
  kDurationNanos = 10,
  kComment = 13,
  kDefaultSampleType = 14,
};
enum ValueType : protozero::pbf_tag_type { kType = 1, kUnit = 2 };
enum Sample : protozero::pbf_tag_type { kLocationId = 1, kValue = 2, kLabel = 3 };
enum Label : protozero::pbf_tag_type { kKey = 1, kText = 2, kNumber = 3 };
enum Mapping : protozero::pbf_tag_type { kMappingId = 1, kFilename = 5, kHasFunctions = 7 };
enum Location : protozero::pbf_tag_type { kOwnId = 1, kMappedBy = 2, kLine = 4 };
enum Line : protozero::pbf_tag_type { kFunctionId = 1 };
enum Function : protozero::pbf_tag_type { kId = 1, kName = 2 };
}  // namespace field

constexpr std::uint64_t kOnlyMapping = 1;  // the only one: what was recorded

class Encoder {
 public:
  explicit Encoder(const profile::Profile& profile)
      : profile_(profile), units_(profile::units_of(profile.kind)), proto_(out_) {
    text("");  // has to be the first one
    // By convention a count comes first.
    for (std::size_t i = 0; i < units_.size(); ++i) order_.push_back(i);
    std::stable_partition(order_.begin(), order_.end(),
                          [this](std::size_t unit) { return units_[unit].name == "count"; });
  }

  std::string write(std::size_t unit) {
    for (const std::size_t each : order_) {
      protozero::pbf_writer type(proto_, field::kSampleType);
      type.add_int64(field::kType, text(type_of(each)));
      type.add_int64(field::kUnit, text(units_[each].name == "ns" ? "nanoseconds" : "count"));
    }
    for (std::size_t i = 1; i < profile_.nodes.size(); ++i) {
      write_sample(static_cast<std::uint32_t>(i));
    }
    {
      protozero::pbf_writer mapping(proto_, field::kMapping);
      mapping.add_uint64(field::kMappingId, kOnlyMapping);
      mapping.add_int64(field::kFilename, text(profile_.command));
      mapping.add_bool(field::kHasFunctions, true);
    }
    for (std::size_t i = 0; i < profile_.frames.size(); ++i) write_frame(i);
    comment(fmt::format("triptych {}: {}", name_of(profile_.kind), title_of(profile_.kind)));
    for (const std::string& choice : profile_.choices) comment("only " + choice);
    for (const std::string& note : profile_.notes) comment(note);
    proto_.add_int64(field::kDefaultSampleType, text(type_of(unit)));
    for (const std::string& each : strings_) proto_.add_string(field::kString, each);
    proto_.add_int64(field::kTimeNanos,
                     static_cast<std::int64_t>(profile_.realtime_ns + profile_.begin_ns));
    proto_.add_int64(field::kDurationNanos, static_cast<std::int64_t>(profile_.duration_ns));
    return std::move(out_);
  }

 private:
  // What `go tool pprof -sample_index` takes.
  [[nodiscard]] std::string type_of(std::size_t unit) const {
    return units_[unit].name == "ns" ? "time" : std::string(units_[unit].name);
  }

  std::int64_t text(const std::string& words) {
    const auto next = static_cast<std::int64_t>(strings_.size());
    const auto [found, is_new] = string_index_.try_emplace(words, next);
    if (is_new) strings_.push_back(words);
    return found->second;
  }

  void comment(const std::string& words) { proto_.add_int64(field::kComment, text(words)); }

  static std::uint64_t id_of(std::size_t frame) { return frame + 1; }

  void write_frame(std::size_t frame) {
    const std::int64_t name = text(escape(profile_.frames[frame].text));
    protozero::pbf_writer location(proto_, field::kLocation);
    location.add_uint64(field::kOwnId, id_of(frame));
    location.add_uint64(field::kMappedBy, kOnlyMapping);
    {
      protozero::pbf_writer line(location, field::kLine);
      line.add_uint64(field::kFunctionId, id_of(frame));
    }
    location.commit();
    protozero::pbf_writer function(proto_, field::kFunction);
    function.add_uint64(field::kId, id_of(frame));
    // No name of the system's beside it: pprof would take it for one to be demangled, and leave out
    // what stands in brackets.
    function.add_int64(field::kName, name);
  }

  void write_sample(std::uint32_t node) {
    const profile::Values& self = profile_.nodes[node].self;
    if (self == profile::Values{}) return;
    const std::vector<std::uint32_t> path = path_of(profile_, node);
    std::vector<std::uint64_t> locations;
    for (auto frame = path.rbegin(); frame != path.rend(); ++frame) {
      locations.push_back(id_of(*frame));
    }
    std::vector<std::int64_t> values;
    for (const std::size_t unit : order_) values.push_back(static_cast<std::int64_t>(self[unit]));
    protozero::pbf_writer sample(proto_, field::kSample);
    sample.add_packed_uint64(field::kLocationId, locations.begin(), locations.end());
    sample.add_packed_int64(field::kValue, values.begin(), values.end());
    for (const std::uint32_t frame : path) label(sample, profile_.frames[frame]);
  }

  // What pprof chooses by: -tagfocus=thread_id=1234.
  void label(protozero::pbf_writer& sample, const profile::Frame& frame) {
    const bool chooses = frame.category == profile::Category::kModel ||
                         frame.category == profile::Category::kProcess ||
                         frame.category == profile::Category::kThread ||
                         frame.category == profile::Category::kCoroutine;
    if (!chooses) return;
    add_label(sample, std::string(name_of(frame.category)), escape(frame.text));
    if (frame.category != profile::Category::kThread || frame.tid == 0) return;
    protozero::pbf_writer number(sample, field::kLabel);
    number.add_int64(field::kKey, text("thread_id"));
    number.add_int64(field::kNumber, frame.tid);
  }

  void add_label(protozero::pbf_writer& sample, const std::string& key, const std::string& value) {
    protozero::pbf_writer label(sample, field::kLabel);
    label.add_int64(field::kKey, text(key));
    label.add_int64(field::kText, text(value));
  }

  const profile::Profile& profile_;
  const std::span<const profile::Unit> units_;
  std::vector<std::size_t> order_;  // of the units
  std::string out_;
  protozero::pbf_writer proto_;
  std::vector<std::string> strings_;
  std::unordered_map<std::string, std::int64_t> string_index_;
};

}  // namespace

Result<std::string> write_pprof(const profile::Profile& profile, std::size_t unit) {
  return gzip(Encoder(profile).write(unit));
}

}  // namespace triptych::exports
