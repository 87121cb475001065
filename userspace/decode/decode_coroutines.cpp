// SPDX-License-Identifier: Apache-2.0
#include "decode/decode_coroutines.hpp"

#include "abi/coroutines.h"
#include "decode/decode_as.hpp"

namespace triptych::decode {
namespace {

using model::Tid;

bool is_source(std::uint32_t source) {
  return source >= TRIPTYCH_COROUTINE_RECORDER && source <= TRIPTYCH_COROUTINE_UPROBE;
}

bool read(const triptych_coroutine& raw, model::Coroutine& out) {
  if (raw.what < TRIPTYCH_COROUTINE_CREATED || raw.what > TRIPTYCH_COROUTINE_AWAITS) return false;
  if (!is_source(raw.source) || raw.runtime > TRIPTYCH_COROUTINE_RUNTIME_FUNCTION) return false;
  out = {.id = raw.id,
         .other = raw.other,
         .space = model::CoroutineSpace{raw.space},
         .function = raw.function,
         .what = static_cast<model::CoroutineWhat>(raw.what),
         .source = static_cast<model::CoroutineSource>(raw.source),
         .runtime = static_cast<model::CoroutineRuntime>(raw.runtime),
         .clamped = (raw.flags & TRIPTYCH_COROUTINE_CLAMPED) != 0,
         .generation_unknown = (raw.flags & TRIPTYCH_COROUTINE_GENERATION_UNKNOWN) != 0,
         .end_unseen = (raw.flags & TRIPTYCH_COROUTINE_END_UNSEEN) != 0,
         .first_seen = (raw.flags & TRIPTYCH_COROUTINE_FIRST_SEEN) != 0};
  return true;
}

bool read(const triptych_coroutine_space& raw, model::CoroutineSpaceNew& out) {
  if (!is_source(raw.source)) return false;
  if (raw.clock < TRIPTYCH_COROUTINE_CLOCK_TSC || raw.clock > TRIPTYCH_COROUTINE_CLOCK_MONOTONIC) {
    return false;
  }
  out = {.ring_bytes = raw.ring_bytes,
         .space = model::CoroutineSpace{raw.space},
         .tgid = static_cast<Tid>(raw.tgid),
         .forked_from = model::CoroutineSpace{raw.forked_from},
         .source = static_cast<model::CoroutineSource>(raw.source),
         .clock = static_cast<model::CoroutineClock>(raw.clock),
         .from_start = (raw.flags & TRIPTYCH_COROUTINE_FROM_START) != 0};
  return true;
}

bool read(const triptych_coroutine_function& raw, model::CoroutineFunction& out) {
  out.address = raw.address;
  out.function = raw.function;
  out.line = raw.line;
  read_name(out.name, raw.name);
  return true;
}

bool read(const triptych_coroutine_totals& raw, model::CoroutineTotals& out) {
  out = {.created = raw.created,
         .resumed = raw.resumed,
         .suspended = raw.suspended,
         .finished = raw.finished,
         .destroyed = raw.destroyed,
         .mounted_ns = raw.mounted_ns,
         .space = model::CoroutineSpace{raw.space},
         .function = raw.function};
  return true;
}

bool read(const triptych_coroutine_lost& raw, model::CoroutineLost& out) {
  if (raw.reason < TRIPTYCH_COROUTINE_LOSS_RING || raw.reason > TRIPTYCH_COROUTINE_LOSS_DISARMED) {
    return false;
  }
  out = {.first_ns = raw.first_ns,
         .last_ns = raw.last_ns,
         .count = raw.count,
         .space = model::CoroutineSpace{raw.space},
         .reason = static_cast<model::CoroutineLoss>(raw.reason)};
  return true;
}

bool read(const triptych_coroutine_wait& raw, model::CoroutineWait& out) {
  out = {.space = model::CoroutineSpace{raw.space},
         .function = raw.function,
         .gil = (raw.flags & TRIPTYCH_COROUTINE_WAITS_FOR_GIL) != 0};
  return true;
}

bool read(const triptych_coroutine_file& raw, model::CoroutineFile& out) {
  out.function = raw.function;
  read_name(out.name, raw.name);
  return true;
}

bool read(const triptych_coroutine_inside& raw, model::CoroutineInside& out) {
  out = {.id = raw.id,
         .space = model::CoroutineSpace{raw.space},
         .function = raw.function,
         .depth = raw.depth};
  return true;
}

}  // namespace

Status decode_coroutines(std::uint8_t kind, std::span<const std::byte> record,
                         model::Event& event) {
  switch (kind) {
    case TRIPTYCH_EV_COROUTINE:
      return decode_as<triptych_coroutine, model::Coroutine>(record, event, &read);
    case TRIPTYCH_EV_COROUTINE_SPACE:
      return decode_as<triptych_coroutine_space, model::CoroutineSpaceNew>(record, event, &read);
    case TRIPTYCH_EV_COROUTINE_FUNCTION:
      return decode_as<triptych_coroutine_function, model::CoroutineFunction>(record, event, &read);
    case TRIPTYCH_EV_COROUTINE_TOTALS:
      return decode_as<triptych_coroutine_totals, model::CoroutineTotals>(record, event, &read);
    case TRIPTYCH_EV_COROUTINE_LOST:
      return decode_as<triptych_coroutine_lost, model::CoroutineLost>(record, event, &read);
    case TRIPTYCH_EV_COROUTINE_WAIT:
      return decode_as<triptych_coroutine_wait, model::CoroutineWait>(record, event, &read);
    case TRIPTYCH_EV_COROUTINE_FILE:
      return decode_as<triptych_coroutine_file, model::CoroutineFile>(record, event, &read);
    case TRIPTYCH_EV_COROUTINE_INSIDE:
      return decode_as<triptych_coroutine_inside, model::CoroutineInside>(record, event, &read);
    default:
      return Status::kUnknownKind;
  }
}

}  // namespace triptych::decode
