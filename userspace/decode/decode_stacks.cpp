// SPDX-License-Identifier: Apache-2.0
#include "decode/decode_stacks.hpp"

#include <algorithm>
#include <cstring>

#include "abi/stacks.h"
#include "decode/decode_as.hpp"

namespace triptych::decode {
namespace {

using model::MmId;
using model::TaskId;
using model::Tid;

bool read(const triptych_stack_of& raw, model::StackOf& out) {
  switch (raw.what) {
    case TRIPTYCH_EV_SWITCH:
      out.what = model::StackWhat::kSwitch;
      break;
    case TRIPTYCH_EV_WAKEUP:
      out.what = model::StackWhat::kWakeup;
      break;
    case TRIPTYCH_EV_TASK_NEW:
      out.what = model::StackWhat::kTaskNew;
      break;
    case TRIPTYCH_EV_FAULT:
      out.what = model::StackWhat::kFault;
      break;
    default:
      return false;
  }
  out.user = model::StackId{raw.user_stack};
  out.kernel = model::StackId{raw.kernel_stack};
  return true;
}

bool read(const triptych_sample& raw, model::Sample& out) {
  out = {.period_ns = raw.period_ns,
         .user = model::StackId{raw.user_stack},
         .kernel = model::StackId{raw.kernel_stack},
         .mm = MmId{raw.mm},
         .in_kernel = (raw.flags & TRIPTYCH_SAMPLE_KERNEL) != 0};
  return true;
}

bool read(const triptych_kernel_symbol& raw, model::KernelSymbol& out) {
  out.symbol = raw.symbol;
  read_name(out.name, raw.name);
  read_name(out.module, raw.module);
  return true;
}

bool read_stack(const triptych_stack& raw, std::size_t room, model::Stack& out) {
  static_assert(model::kMaxFrames == TRIPTYCH_STACK_FRAMES);
  static_assert(model::kStackEnds == TRIPTYCH_STACK_ENDS);
  if (raw.frames > room / sizeof(__u64) ||
      raw.flags >> TRIPTYCH_STACK_END_SHIFT >= TRIPTYCH_STACK_ENDS) {
    return false;
  }
  out.id = model::StackId{raw.stack};
  out.mm = MmId{raw.mm};
  out.kernel = (raw.flags & TRIPTYCH_STACK_KERNEL) != 0;
  out.cut = (raw.flags & TRIPTYCH_STACK_CUT) != 0;
  out.symbols = (raw.flags & TRIPTYCH_STACK_SYMBOLS) != 0;
  out.end = static_cast<model::StackEnd>(raw.flags >> TRIPTYCH_STACK_END_SHIFT);
  out.frames = raw.frames;
  std::copy_n(raw.frame, raw.frames, out.frame.begin());
  return true;
}

bool read_map(const triptych_map& raw, std::size_t room, model::Map& out) {
  if (raw.build_id_size > TRIPTYCH_BUILD_ID_LEN || raw.path_size > room) return false;
  out.start = raw.start;
  out.end = raw.end;
  out.offset = raw.offset;
  out.inode = raw.inode;
  out.device_major = raw.device_major;
  out.device_minor = raw.device_minor;
  out.tgid = static_cast<Tid>(raw.tgid);
  out.fresh = (raw.flags & TRIPTYCH_MAP_FRESH) != 0;
  out.there = (raw.flags & TRIPTYCH_MAP_THERE) != 0;
  out.path_cut = (raw.flags & TRIPTYCH_MAP_PATH_CUT) != 0;
  out.build_id_size = raw.build_id_size;
  std::copy_n(raw.build_id, raw.build_id_size, out.build_id.begin());
  out.path.assign(std::string_view(raw.path, ::strnlen(raw.path, raw.path_size)));
  return true;
}

bool read(const triptych_stack_bytes& raw, model::StackBytes& out) {
  static_assert(model::kStackPiece == TRIPTYCH_STACK_PIECE);
  out.id = model::StackId{raw.stack};
  out.address = raw.address;
  std::copy(std::begin(raw.bytes), std::end(raw.bytes), out.bytes.begin());
  return true;
}

bool read(const triptych_stack_copy& raw, model::StackCopy& out) {
  static_assert(model::kRegisters == TRIPTYCH_STACK_REGISTERS);
  if (raw.pieces > TRIPTYCH_STACK_PIECES_MAX) return false;
  out.id = model::StackId{raw.stack};
  out.mm = MmId{raw.mm};
  out.pieces = raw.pieces;
  out.unreadable = (raw.flags & TRIPTYCH_STACK_COPY_UNREADABLE) != 0;
  std::copy(std::begin(raw.registers), std::end(raw.registers), out.registers.begin());
  return true;
}

template <class Raw>
bool read_symbol(const Raw& raw, std::size_t room, model::FileSymbol& out) {
  if (raw.build_id_size > TRIPTYCH_BUILD_ID_LEN || raw.name_size > room) return false;
  out.offset = raw.offset;
  out.size = raw.size;
  out.inode = raw.inode;
  out.device_major = raw.device_major;
  out.device_minor = raw.device_minor;
  out.build_id_size = raw.build_id_size;
  std::copy_n(raw.build_id, raw.build_id_size, out.build_id.begin());
  out.name.assign(std::string_view(raw.name, ::strnlen(raw.name, raw.name_size)));
  return true;
}

bool read_file_inlined(const triptych_file_inlined& raw, std::size_t room,
                       model::FileInlined& out) {
  out.depth = raw.depth;
  return raw.depth != 0 && read_symbol(raw, room, out.symbol);
}

bool read_jit_symbol(const triptych_jit_symbol& raw, std::size_t room, model::JitSymbol& out) {
  if (raw.name_size > room) return false;
  out.address = raw.address;
  out.size = raw.size;
  out.tgid = static_cast<Tid>(raw.tgid);
  out.name.assign(std::string_view(raw.name, ::strnlen(raw.name, raw.name_size)));
  return true;
}

// A record that ends where its last member, which begins at `head`, is no longer used; `read` is
// told how many bytes of that there are.
template <class Raw, class Payload>
Status decode_with_tail(std::span<const std::byte> record, std::size_t head, model::Event& event,
                        bool (*read)(const Raw& raw, std::size_t room, Payload& out)) {
  if (record.size() < head) return Status::kMalformed;
  Raw raw{};
  const std::size_t bytes = std::min(record.size(), sizeof raw);
  std::memcpy(&raw, record.data(), bytes);
  event.ts_ns = raw.hdr.ts_ns;
  event.task = TaskId{raw.hdr.task};
  event.cpu = raw.hdr.cpu;
  return read(raw, bytes - head, event.payload.emplace<Payload>()) ? Status::kOk
                                                                   : Status::kMalformed;
}

}  // namespace

Status decode_stacks(std::uint8_t kind, std::span<const std::byte> record, model::Event& event) {
  switch (kind) {
    case TRIPTYCH_EV_STACK:
      return decode_with_tail(record, offsetof(triptych_stack, frame), event, &read_stack);
    case TRIPTYCH_EV_STACK_OF:
      return decode_as<triptych_stack_of, model::StackOf>(record, event, &read);
    case TRIPTYCH_EV_SAMPLE:
      return decode_as<triptych_sample, model::Sample>(record, event, &read);
    case TRIPTYCH_EV_KERNEL_SYMBOL:
      return decode_as<triptych_kernel_symbol, model::KernelSymbol>(record, event, &read);
    case TRIPTYCH_EV_MAP:
      return decode_with_tail(record, offsetof(triptych_map, path), event, &read_map);
    case TRIPTYCH_EV_STACK_BYTES:
      return decode_as<triptych_stack_bytes, model::StackBytes>(record, event, &read);
    case TRIPTYCH_EV_FILE_SYMBOL:
      return decode_with_tail(record, offsetof(triptych_file_symbol, name), event,
                              &read_symbol<triptych_file_symbol>);
    case TRIPTYCH_EV_FILE_INLINED:
      return decode_with_tail(record, offsetof(triptych_file_inlined, name), event,
                              &read_file_inlined);
    case TRIPTYCH_EV_JIT_SYMBOL:
      return decode_with_tail(record, offsetof(triptych_jit_symbol, name), event, &read_jit_symbol);
    case TRIPTYCH_EV_STACK_COPY:
      return decode_as<triptych_stack_copy, model::StackCopy>(record, event, &read);
    default:
      return Status::kUnknownKind;
  }
}

}  // namespace triptych::decode
