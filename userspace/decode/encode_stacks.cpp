// SPDX-License-Identifier: Apache-2.0
#include "decode/encode_stacks.hpp"

#include <algorithm>

#include "decode/raw_parts.hpp"

namespace triptych::decode {
namespace {

template <class Raw>
Raw raw_symbol(std::uint8_t kind, const model::FileSymbol& in) {
  Raw raw{};
  raw.hdr.kind = kind;
  raw.offset = in.offset;
  raw.size = in.size;
  raw.inode = in.inode;
  raw.device_major = in.device_major;
  raw.device_minor = in.device_minor;
  raw.build_id_size = in.build_id_size;
  std::copy_n(in.build_id.begin(), std::min<std::size_t>(in.build_id_size, in.build_id.size()),
              raw.build_id);
  write_name(raw.name, in.name);
  raw.name_size = static_cast<__u16>(in.name.view().size());
  return raw;
}

}  // namespace

triptych_stack raw_of(const model::Stack& in) {
  triptych_stack raw{};
  raw.hdr.kind = TRIPTYCH_EV_STACK;
  raw.stack = number(in.id);
  raw.mm = number(in.mm);
  raw.frames = in.frames;
  raw.flags = static_cast<__u16>(bit_if(in.kernel, TRIPTYCH_STACK_KERNEL) |
                                 bit_if(in.cut, TRIPTYCH_STACK_CUT) |
                                 bit_if(in.symbols, TRIPTYCH_STACK_SYMBOLS) |
                                 static_cast<__u32>(in.end) << TRIPTYCH_STACK_END_SHIFT);
  std::copy_n(in.frame.begin(), std::min<std::size_t>(in.frames, in.frame.size()), raw.frame);
  return raw;
}

triptych_stack_of raw_of(const model::StackOf& in) {
  triptych_stack_of raw{};
  raw.hdr.kind = TRIPTYCH_EV_STACK_OF;
  raw.user_stack = number(in.user);
  raw.kernel_stack = number(in.kernel);
  constexpr __u32 kKinds[] = {TRIPTYCH_EV_INVALID, TRIPTYCH_EV_SWITCH, TRIPTYCH_EV_WAKEUP,
                              TRIPTYCH_EV_TASK_NEW, TRIPTYCH_EV_FAULT};
  raw.what = kKinds[static_cast<std::size_t>(in.what)];
  return raw;
}

triptych_sample raw_of(const model::Sample& in) {
  triptych_sample raw{};
  raw.hdr.kind = TRIPTYCH_EV_SAMPLE;
  raw.period_ns = in.period_ns;
  raw.user_stack = number(in.user);
  raw.kernel_stack = number(in.kernel);
  raw.mm = number(in.mm);
  raw.flags = bit_if(in.in_kernel, TRIPTYCH_SAMPLE_KERNEL);
  return raw;
}

triptych_kernel_symbol raw_of(const model::KernelSymbol& in) {
  triptych_kernel_symbol raw{};
  raw.hdr.kind = TRIPTYCH_EV_KERNEL_SYMBOL;
  raw.symbol = in.symbol;
  write_name(raw.name, in.name);
  write_name(raw.module, in.module);
  return raw;
}

triptych_map raw_of(const model::Map& in) {
  triptych_map raw{};
  raw.hdr.kind = TRIPTYCH_EV_MAP;
  raw.start = in.start;
  raw.end = in.end;
  raw.offset = in.offset;
  raw.inode = in.inode;
  raw.device_major = in.device_major;
  raw.device_minor = in.device_minor;
  raw.tgid = number(in.tgid);
  raw.flags = static_cast<__u16>(bit_if(in.fresh, TRIPTYCH_MAP_FRESH) |
                                 bit_if(in.there, TRIPTYCH_MAP_THERE) |
                                 bit_if(in.path_cut, TRIPTYCH_MAP_PATH_CUT));
  raw.build_id_size = in.build_id_size;
  std::copy_n(in.build_id.begin(), std::min<std::size_t>(in.build_id_size, in.build_id.size()),
              raw.build_id);
  write_name(raw.path, in.path);
  raw.path_size = static_cast<__u32>(in.path.view().size());
  return raw;
}

triptych_stack_bytes raw_of(const model::StackBytes& in) {
  triptych_stack_bytes raw{};
  raw.hdr.kind = TRIPTYCH_EV_STACK_BYTES;
  raw.stack = number(in.id);
  raw.address = in.address;
  std::copy(in.bytes.begin(), in.bytes.end(), raw.bytes);
  return raw;
}

triptych_stack_copy raw_of(const model::StackCopy& in) {
  triptych_stack_copy raw{};
  raw.hdr.kind = TRIPTYCH_EV_STACK_COPY;
  raw.stack = number(in.id);
  raw.mm = number(in.mm);
  raw.pieces = in.pieces;
  raw.flags = static_cast<__u16>(bit_if(in.unreadable, TRIPTYCH_STACK_COPY_UNREADABLE));
  std::copy(in.registers.begin(), in.registers.end(), raw.registers);
  return raw;
}

triptych_file_symbol raw_of(const model::FileSymbol& in) {
  return raw_symbol<triptych_file_symbol>(TRIPTYCH_EV_FILE_SYMBOL, in);
}

triptych_file_inlined raw_of(const model::FileInlined& in) {
  auto raw = raw_symbol<triptych_file_inlined>(TRIPTYCH_EV_FILE_INLINED, in.symbol);
  raw.depth = in.depth;
  return raw;
}

triptych_jit_symbol raw_of(const model::JitSymbol& in) {
  triptych_jit_symbol raw{};
  raw.hdr.kind = TRIPTYCH_EV_JIT_SYMBOL;
  raw.address = in.address;
  raw.size = in.size;
  raw.tgid = number(in.tgid);
  write_name(raw.name, in.name);
  raw.name_size = static_cast<__u16>(in.name.view().size());
  return raw;
}

}  // namespace triptych::decode
