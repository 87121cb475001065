// SPDX-License-Identifier: Apache-2.0
#include "trace/metadata_json.hpp"

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "trace/format.hpp"

namespace triptych::trace {
namespace {

using OrderedJson = nlohmann::ordered_json;  // to write: linear in what it looks up
using Json = nlohmann::json;                 // to read

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxCommandBytes = 64 << 10;
constexpr std::size_t kMaxListItems = 65536;
constexpr std::array<const char*, 6> kClassNames{"switch", "wakeup", "task",
                                                 "fault",  "mark",   "summary"};
static_assert(kClassNames.size() == model::kLossClasses);
constexpr std::array<const char*, 3> kTargetKinds{"command", "process", "machine"};

std::string one_line(const OrderedJson& json) {
  return json.dump(-1, ' ', true, OrderedJson::error_handler_t::replace);
}

OrderedJson command_json(const std::vector<std::string>& command) {
  OrderedJson list = OrderedJson::array();
  std::size_t bytes = 0;
  for (const std::string& argument : command) {
    bytes += argument.size() + 1;
    if (bytes > kMaxCommandBytes) {
      list.push_back("...");
      break;
    }
    list.push_back(argument);
  }
  return list;
}

OrderedJson classes_json(const std::uint64_t (&counts)[6]) {
  OrderedJson json = OrderedJson::object();
  for (std::size_t i = 0; i < kClassNames.size(); ++i) json[kClassNames[i]] = counts[i];
  return json;
}

// Reads the fields of one JSON object.
class Fields {
 public:
  Fields(const Json& object, std::uint64_t& bad) : object_(object), bad_(bad) {
    if (!object.is_object()) ++bad_;
  }

  void read(const char* key, std::string& out) const {
    if (const Json* value = find(key)) read_value(*value, out);
  }

  void read(const char* key, bool& out) const {
    if (const Json* value = find(key)) {
      value->is_boolean() ? void(out = value->get<bool>()) : void(++bad_);
    }
  }

  template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) void read(const char* key,
                                                                        T& out) const {
    if (const Json* value = find(key)) read_value(*value, out);
  }

  void read(const char* key, std::vector<std::string>& out) const {
    each(key, [&](const Json& item) { read_value(item, out.emplace_back()); });
  }

  void read_classes(const char* key, std::uint64_t (&out)[6]) const {
    const Json* value = find(key);
    if (value == nullptr) return;
    const Fields classes(*value, bad_);
    for (std::size_t i = 0; i < kClassNames.size(); ++i) classes.read(kClassNames[i], out[i]);
  }

  void read_optional(const char* key, std::optional<int>& out) const {
    const Json* value = find(key);
    if (value == nullptr || value->is_null()) return;
    const std::uint64_t bad_before = bad_;
    int number = 0;
    read_value(*value, number);
    if (bad_ == bad_before) out = number;
  }

  // The fields of the object under `key`; of an empty one when there is none.
  [[nodiscard]] Fields object(const char* key) const {
    static const Json kEmpty = Json::object();
    const Json* value = find(key);
    return Fields(value != nullptr ? *value : kEmpty, bad_);
  }

  template <class Function>
  void each(const char* key, Function function) const {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_array() || value->size() > kMaxListItems) {
      ++bad_;
      return;
    }
    for (const Json& item : *value) function(item);
  }

  void bad() const { ++bad_; }

 private:
  [[nodiscard]] const Json* find(const char* key) const {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

  void read_value(const Json& value, std::string& out) const {
    const auto* text = value.get_ptr<const std::string*>();
    text != nullptr ? void(out = *text) : void(++bad_);
  }

  template <class T>
  void read_value(const Json& value, T& out) const {
    using Limits = std::numeric_limits<T>;
    if (value.is_number_unsigned()) {
      const auto number = value.get<std::uint64_t>();
      if (number <= static_cast<std::uint64_t>(Limits::max())) {
        out = static_cast<T>(number);
        return;
      }
    } else if (value.is_number_integer() && std::is_signed_v<T>) {
      const auto number = value.get<std::int64_t>();
      if (number >= static_cast<std::int64_t>(Limits::min())) {
        out = static_cast<T>(number);
        return;
      }
    }
    ++bad_;
  }

  const Json& object_;
  std::uint64_t& bad_;
};

bool parse_object(std::string_view text, Json& out) {
  if (text.size() > kMaxJsonBytes) return false;
  // What is nested deeper than anything of ours is dropped before it takes memory.
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= kMaxDepth; };
  out = Json::parse(text, shallow, false);
  return out.is_object();
}

void read_host(const Fields& fields, model::Host& out) {
  fields.read("kernel", out.kernel);
  fields.read("machine", out.machine);
  fields.read("cpu_model", out.cpu_model);
  fields.read("cpus", out.cpus);
  fields.read("tier", out.tier);
  fields.read("virtual_machine", out.virtual_machine);
  fields.read("page_size", out.page_size);
}

void read_target(const Fields& fields, model::Target& out) {
  std::string kind = kTargetKinds[static_cast<std::size_t>(out.kind)];
  fields.read("kind", kind);
  bool known = false;
  for (std::size_t i = 0; i < kTargetKinds.size(); ++i) {
    if (kind != kTargetKinds[i]) continue;
    out.kind = static_cast<model::TargetKind>(i);
    known = true;
  }
  if (!known) fields.bad();
  fields.read("command", out.command);
  fields.read("comm", out.comm);
  fields.read("tgid", out.tgid);
  fields.read("user", out.user);
}

OrderedJson target_json(const model::Target& target) {
  OrderedJson json = {{"kind", kTargetKinds[static_cast<std::size_t>(target.kind)]},
                      {"command", command_json(target.command)},
                      {"tgid", target.tgid},
                      {"user", target.user}};
  if (!target.comm.empty()) json["comm"] = target.comm;
  return json;
}

OrderedJson counters_json(const model::ProbeCounters& counters) {
  OrderedJson json{{"produced", classes_json(counters.produced)},
                   {"lost", classes_json(counters.lost)},
                   {"storage_failed", counters.storage_failed},
                   {"recursion_misses", counters.recursion_misses},
                   {"switches_missed", counters.switches_missed},
                   {"serials_exhausted", counters.serials_exhausted},
                   {"disk_lost", counters.disk_lost}};
  const model::StackCounters& stacks = counters.stacks;
  if (stacks == model::StackCounters()) return json;
  json["stacks"] = {{"taken", stacks.taken},
                    {"told", stacks.told},
                    {"lost", stacks.lost},
                    {"unreadable", stacks.unreadable},
                    {"lost_samples", stacks.lost_samples},
                    {"collisions", stacks.collisions},
                    {"lost_maps", stacks.lost_maps}};
  if (stacks.copied != 0) json["stacks"]["copied"] = stacks.copied;
  return json;
}

void read_stack_counters(const Fields& fields, model::StackCounters& out) {
  fields.read("taken", out.taken);
  fields.read("told", out.told);
  fields.read("lost", out.lost);
  fields.read("unreadable", out.unreadable);
  fields.read("lost_samples", out.lost_samples);
  fields.read("collisions", out.collisions);
  fields.read("copied", out.copied);
  fields.read("lost_maps", out.lost_maps);
}

}  // namespace

std::string to_json(const model::Metadata& metadata) {
  const model::Host& host = metadata.host;
  OrderedJson plan = OrderedJson::array();
  for (const model::PlannedEvent& event : metadata.plan) {
    plan.push_back({{"event", event.event}, {"hook", event.hook}, {"reason", event.reason}});
  }
  OrderedJson json{{"tool_version", metadata.tool_version},
                   {"record_command", command_json(metadata.record_command)},
                   {"start_realtime_ns", metadata.start_realtime_ns},
                   {"start_ns", metadata.start_ns},
                   {"host",
                    {{"kernel", host.kernel},
                     {"machine", host.machine},
                     {"cpu_model", host.cpu_model},
                     {"cpus", host.cpus},
                     {"tier", host.tier},
                     {"virtual_machine", host.virtual_machine},
                     {"page_size", host.page_size}}},
                   {"target", target_json(metadata.target)},
                   {"plan", plan},
                   {"summary_only", metadata.summary_only}};
  if (metadata.coroutine_stream != 0) json["coroutine_stream"] = metadata.coroutine_stream;
  if (metadata.map_stream != 0) json["map_stream"] = metadata.map_stream;
  return one_line(json);
}

std::string to_json(const model::Ending& ending) {
  const OrderedJson status =
      ending.wait_status ? OrderedJson(*ending.wait_status) : OrderedJson(nullptr);
  OrderedJson json{{"end_ns", ending.end_ns},
                   {"reason", ending.reason},
                   {"wait_status", status},
                   {"counters", counters_json(ending.counters)},
                   {"counted_faults",
                    {{"page_faults", ending.counted_faults.page_faults},
                     {"comparable", ending.counted_faults.comparable},
                     {"remark", ending.counted_faults.remark}}},
                   {"recorder_cpu_ns", ending.recorder_cpu_ns}};
  if (const model::CoroutineProbeCost& cost = ending.coroutine_probes; cost.hits != 0) {
    json["coroutine_probes"] = {{"hits", cost.hits}, {"ns", cost.ns}};
  }
  return one_line(json);
}

std::string to_json(const model::DataQuality& quality) {
  OrderedJson json = OrderedJson::object();
  for (std::size_t i = 0; i < model::kQualityCount; ++i) {
    const std::uint64_t count = quality[static_cast<model::Quality>(i)];
    if (count != 0) json[std::string(model::kQualityInfo[i].name)] = count;
  }
  return one_line(json);
}

bool from_json(std::string_view text, model::Metadata& out, std::uint64_t& bad_fields) {
  Json json;
  if (!parse_object(text, json)) return false;
  const Fields fields(json, bad_fields);
  out = {};
  fields.read("tool_version", out.tool_version);
  fields.read("record_command", out.record_command);
  fields.read("start_realtime_ns", out.start_realtime_ns);
  fields.read("start_ns", out.start_ns);
  fields.read("summary_only", out.summary_only);
  fields.read("coroutine_stream", out.coroutine_stream);
  fields.read("map_stream", out.map_stream);
  read_host(fields.object("host"), out.host);
  read_target(fields.object("target"), out.target);
  fields.each("plan", [&](const Json& item) {
    const Fields planned(item, bad_fields);
    model::PlannedEvent& event = out.plan.emplace_back();
    planned.read("event", event.event);
    planned.read("hook", event.hook);
    planned.read("reason", event.reason);
  });
  return true;
}

bool from_json(std::string_view text, model::Ending& out, std::uint64_t& bad_fields) {
  Json json;
  if (!parse_object(text, json)) return false;
  const Fields fields(json, bad_fields);
  out = {};
  fields.read("end_ns", out.end_ns);
  fields.read("reason", out.reason);
  fields.read_optional("wait_status", out.wait_status);
  fields.read("recorder_cpu_ns", out.recorder_cpu_ns);
  const Fields probes = fields.object("coroutine_probes");
  probes.read("hits", out.coroutine_probes.hits);
  probes.read("ns", out.coroutine_probes.ns);
  const Fields counters = fields.object("counters");
  counters.read_classes("produced", out.counters.produced);
  counters.read_classes("lost", out.counters.lost);
  counters.read("storage_failed", out.counters.storage_failed);
  counters.read("recursion_misses", out.counters.recursion_misses);
  counters.read("switches_missed", out.counters.switches_missed);
  counters.read("serials_exhausted", out.counters.serials_exhausted);
  counters.read("disk_lost", out.counters.disk_lost);
  read_stack_counters(counters.object("stacks"), out.counters.stacks);
  const Fields faults = fields.object("counted_faults");
  faults.read("page_faults", out.counted_faults.page_faults);
  faults.read("comparable", out.counted_faults.comparable);
  faults.read("remark", out.counted_faults.remark);
  return true;
}

bool from_json(std::string_view text, model::DataQuality& out, std::uint64_t& bad_fields) {
  Json json;
  if (!parse_object(text, json)) return false;
  const Fields fields(json, bad_fields);
  out = {};
  for (std::size_t i = 0; i < model::kQualityCount; ++i) {
    std::uint64_t count = 0;
    fields.read(std::string(model::kQualityInfo[i].name).c_str(), count);
    out.set(static_cast<model::Quality>(i), count);
  }
  return true;
}

}  // namespace triptych::trace
