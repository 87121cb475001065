// SPDX-License-Identifier: Apache-2.0
//
// Names for the frames of a recording's stacks: afterwards, with the rights of who asks, from files
// that may be anybody's. A file that is not the one that was mapped gives no names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyze/stacks.hpp"
#include "model/ids.hpp"

namespace triptych::symbol::resolve {

enum class FrameKind : std::uint8_t { kUser, kKernel, kJit };

// Behind its last "/".
inline std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// Stands for the frames of a stack that an event has and the trace does not tell.
inline constexpr const char* kStackLost = "stack lost";

struct Frame {
  FrameKind kind = FrameKind::kUser;
  std::string function{};  // empty: not known
  std::string module{};    // the file's path, "[kernel]", a kernel module's name; empty: not known
  std::uint64_t offset = 0;  // in the function; without one, in the file; without that, the address
  std::uint64_t size = 0;    // of the function; 0: not known
  // Of those that Resolver::frames() gives: another one of another place, never used again.
  std::uint64_t number = 0;

  // "main", "libc.so.6+0x1234", "0x7f0012345678".
  [[nodiscard]] std::string name() const;
};

using FrameList = std::vector<const Frame*>;

// Code that a program made itself: nothing but the program names it.
bool belongs_to_no_file(const analyze::CodeFile& file);

struct ResolverOptions {
  // Where ".build-id/ab/cdef….debug" of a build id may lie, or the program itself without ".debug".
  std::vector<std::string> debug_directories{};
  std::string jit_directory = "/tmp";
  // Release of the kernel that was recorded: its vDSO is that of this very process, if it is the
  // same.
  std::string kernel{};
  // Functions that the compiler put into others are frames of their own, where there is debug
  // information.
  bool inlines = false;
};

class Resolver {
 public:
  // `table` outlives the resolver, and has seen all events.
  Resolver(const analyze::StackTable& table, ResolverOptions options);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Innermost first; none of a stack that is not known. Valid until the next call.
  const FrameList& frames(analyze::StackNumber number);

  // What is at `address` of the address space at that time. A return address is that of the
  // instruction behind the call. With ResolverOptions::inlines, `inlined` gets the functions that
  // are inlined there, innermost first.
  Frame resolve(model::MmId mm, std::uint64_t address, model::TimeNs at_ns, bool is_return,
                std::vector<Frame>* inlined = nullptr);

  // Files whose functions were asked for, and those of them that gave no names, by why.
  struct Missing {
    std::string path;
    std::string reason;  // "not there, or not readable", "not the file that was mapped", …
    std::string_view what = "names";
  };
  [[nodiscard]] const std::vector<Missing>& missing() const { return missing_; }

 private:
  struct Module;
  Module& module_of(std::uint32_t file);
  void open(Module& module, const analyze::CodeFile& file);
  bool open_debug_file(Module& module, const analyze::CodeFile& file);
  void add_inlined(Module& module, const std::string& path, std::uint64_t linked,
                   std::vector<Frame>& to);
  void open_inlined(Module& module, const std::string& path);
  std::size_t make_room_for_inlined(std::uint64_t size);
  void drop_oldest(const Module& kept);
  Frame jit_frame(const analyze::CodeMap& map, std::uint64_t address, std::uint64_t looked_up);
  Frame kernel_frame(std::uint64_t coded) const;
  // With what is inlined there, innermost first.
  std::vector<Frame> frames_at(const analyze::StackTable::View& view, std::size_t position);
  const std::vector<Frame>& known_frames_at(const analyze::StackTable::View& view,
                                            std::size_t position);
  void forget_when_many();

  const analyze::StackTable& table_;
  ResolverOptions options_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Module>> modules_;  // by CodeMap::file
  struct JitMaps;
  std::unique_ptr<JitMaps> jit_;
  // Of stacks that have been asked for, by StackNumber, and of the places in them, which their
  // frames are of: both are forgotten when they have become many.
  std::unordered_map<std::uint32_t, FrameList> frames_;
  std::size_t frames_kept_ = 0;
  struct Place {
    const analyze::CodeMap* map = nullptr;
    std::uint64_t address = 0;
    bool is_return = false;
    bool kernel = false;
    bool operator==(const Place&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Place& place) const {
      const std::uint64_t mixed =
          (place.address ^ reinterpret_cast<std::uintptr_t>(place.map)) * 0x9e3779b97f4a7c15u;
      return static_cast<std::size_t>(mixed ^ mixed >> 32 ^ (place.is_return ? 1 : 0));
    }
  };
  std::unordered_map<Place, std::vector<Frame>, Hash> places_;
  std::uint64_t last_number_ = 0;
  std::vector<Missing> missing_;
  std::uint64_t uses_ = 0;
};

}  // namespace triptych::symbol::resolve
