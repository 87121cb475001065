// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/resolver.hpp"

#include <fmt/format.h>

#include <optional>

#include "symbol/resolve/code_file.hpp"
#include "symbol/resolve/demangle.hpp"
#include "symbol/resolve/elf_symbols.hpp"
#include "symbol/resolve/inlined_functions.hpp"
#include "symbol/resolve/jit_map.hpp"

namespace triptych::symbol::resolve {
namespace {

// Of all modules together, 16 bytes each: the least recently used is read again when it is needed
// again.
constexpr std::size_t kMostFunctionsKept = 4u << 20;
// Of the tables of symbols and what is read of DWARF, together.
constexpr std::size_t kMostBytesKept = 96 << 20;
constexpr std::size_t kBytesOfFunction = 24;  // while they are put in order; 16 from then on
constexpr std::size_t kMostMissing = 100;
constexpr std::size_t kMostFramesKept = 1u << 18;  // 8 bytes each
constexpr std::size_t kMostPlacesKept = 1u << 16;  // some 200 bytes each

std::string path_of(const std::string& directory, const std::vector<std::uint8_t>& build_id) {
  std::string digits;
  for (const std::uint8_t byte : build_id) digits += fmt::format("{:02x}", byte);
  return fmt::format("{}/.build-id/{}/{}", directory, digits.substr(0, 2), digits.substr(2));
}

}  // namespace

bool belongs_to_no_file(const analyze::CodeFile& file) {
  return file.path.starts_with("//anon") || (!file.path.starts_with('/') && file.path != "[vdso]");
}

std::string Frame::name() const {
  if (!function.empty()) return function;
  if (module.empty()) return fmt::format("{:#x}", offset);
  return fmt::format("{}+{:#x}", base_name(module), offset);
}

struct Resolver::Module {
  std::optional<ElfSymbols> file;   // the mapped one: from places in it to addresses
  std::optional<ElfSymbols> debug;  // the one with more names
  std::optional<InlinedFunctions> inlined;
  std::uint64_t last_use = 0;
  bool opened = false;
  bool asked_for_inlined = false;
  bool said_too_large = false;
  bool refused = false;

  // Where a place of the mapped file is linked to. A file of debug information has the mapped
  // one's addresses, but not its contents.
  [[nodiscard]] std::optional<std::uint64_t> address_of(std::uint64_t in_file,
                                                        const analyze::CodeMap& map) const {
    if (file) return file->address_of(in_file);
    if (!debug) return std::nullopt;
    if (const auto address = debug->address_of(in_file)) return address;
    return debug->address_in_mapping(in_file - map.offset, map.end - map.start);
  }
  [[nodiscard]] std::size_t functions() const {
    return (file ? file->functions() : 0) + (debug ? debug->functions() : 0);
  }
};

struct Resolver::JitMaps {
  std::unordered_map<model::Tid, JitMap> of;  // by tgid
};

Resolver::Resolver(const analyze::StackTable& table, ResolverOptions options)
    : table_(table), options_(std::move(options)), jit_(std::make_unique<JitMaps>()) {}
Resolver::~Resolver() = default;

bool Resolver::open_debug_file(Module& module, const analyze::CodeFile& file) {
  if (file.build_id.size() < 2) return false;
  for (const std::string& directory : options_.debug_directories) {
    for (const char* ending : {".debug", ""}) {
      module.debug = ElfSymbols::open(Image::open(path_of(directory, file.build_id) + ending));
      if (module.debug && module.debug->build_id() == file.build_id) return true;
      module.debug.reset();
    }
  }
  return false;
}

void Resolver::open(Module& module, const analyze::CodeFile& file) {
  std::string_view reason;
  module.file = open_code_file(file, options_.kernel, reason);
  if (open_debug_file(module, file)) reason = {};
  module.refused = !module.file && !module.debug;
  if (!reason.empty() && missing_.size() < kMostMissing) {
    missing_.push_back({file.path, std::string(reason)});
  }
}

Resolver::Module& Resolver::module_of(std::uint32_t file) {
  std::unique_ptr<Module>& module = modules_[file];
  if (!module) module = std::make_unique<Module>();
  if (!module->opened && !module->refused) {
    open(*module, table_.code.files()[file]);
    module->opened = true;
    drop_oldest(*module);
  }
  module->last_use = ++uses_;
  return *module;
}

void Resolver::drop_oldest(const Module& kept) {
  for (;;) {
    std::size_t functions = 0;
    Module* oldest = nullptr;
    for (auto& [file, module] : modules_) {
      functions += module->functions();
      const bool candidate = module->functions() != 0 && module.get() != &kept;
      if (candidate && (oldest == nullptr || module->last_use < oldest->last_use)) {
        oldest = module.get();
      }
    }
    if (functions <= kMostFunctionsKept || oldest == nullptr) return;
    oldest->file.reset();
    oldest->debug.reset();
    oldest->inlined.reset();
    oldest->asked_for_inlined = false;
    oldest->opened = false;
  }
}

Frame Resolver::jit_frame(const analyze::CodeMap& map, std::uint64_t address,
                          std::uint64_t looked_up) {
  Frame frame{.kind = FrameKind::kJit, .offset = address};
  if (const auto* told = table_.names.find(map.tgid, looked_up)) {
    frame.function = told->name;
    frame.offset = address - told->offset;
    frame.size = told->size;
    return frame;
  }
  // What lies under our number of it is another's.
  if (table_.code.has_other_number(map.tgid)) return frame;
  auto known = jit_->of.find(map.tgid);
  if (known == jit_->of.end()) {
    known = jit_->of.emplace(map.tgid, JitMap::of_process(map.tgid, options_.jit_directory)).first;
  }
  if (const auto function = known->second.find(looked_up)) {
    frame.function = function->name;
    frame.offset = function->offset + (address - looked_up);
    frame.size = function->size;
  }
  return frame;
}

// Before it is read: the oldest ones make room. What is left to the largest is returned.
std::size_t Resolver::make_room_for_inlined(std::uint64_t size) {
  std::size_t functions = 0;
  for (const auto& [file, module] : modules_) functions += module->functions();
  const std::size_t most = kMostBytesKept - std::min(kMostBytesKept, functions * kBytesOfFunction);
  if (size > most) return most;
  for (;;) {
    std::size_t bytes = 0;
    Module* oldest = nullptr;
    for (auto& [file, module] : modules_) {
      if (!module->inlined) continue;
      bytes += module->inlined->bytes();
      if (oldest == nullptr || module->last_use < oldest->last_use) oldest = module.get();
    }
    if (bytes + size <= most || oldest == nullptr) return most;
    oldest->inlined.reset();
    oldest->asked_for_inlined = false;
  }
}

// That of the file of debug information, or else the program's own.
void Resolver::open_inlined(Module& module, const std::string& path) {
  module.asked_for_inlined = true;
  std::optional<std::size_t> too_large_for;
  for (const auto* file : {&module.debug, &module.file}) {
    if (!*file || module.inlined) continue;
    const Image& image = (*file)->image();
    const std::uint64_t size = InlinedFunctions::size_of(image);
    if (size == 0) continue;
    const std::size_t most = make_room_for_inlined(size);
    if (size > most) {
      too_large_for = most;
    } else {
      module.inlined = InlinedFunctions::of(image, most);
    }
  }
  if (module.inlined || !too_large_for || module.said_too_large) return;
  module.said_too_large = true;
  if (missing_.size() >= kMostMissing) return;
  missing_.push_back({path,
                      fmt::format("their debug information takes more than the {} MiB that are "
                                  "left for it",
                                  *too_large_for >> 20),
                      "inlined functions"});
}

void Resolver::add_inlined(Module& module, const std::string& path, std::uint64_t linked,
                           std::vector<Frame>& to) {
  if (!module.asked_for_inlined) open_inlined(module, path);
  if (!module.inlined) return;
  for (const std::string& name : module.inlined->at(linked)) {
    to.push_back({.function = demangle(name), .module = {}, .offset = 0});
  }
}

Frame Resolver::resolve(model::MmId mm, std::uint64_t address, model::TimeNs at_ns, bool is_return,
                        std::vector<Frame>* inlined) {
  const std::uint64_t looked_up = is_return && address != 0 ? address - 1 : address;
  const analyze::CodeMap* map = table_.code.find(mm, looked_up, at_ns);
  Frame frame{.offset = address};
  if (map == nullptr) return frame;
  const analyze::CodeFile& file = table_.code.files()[map->file];
  if (belongs_to_no_file(file)) return jit_frame(*map, address, looked_up);
  frame.module = file.path;
  const std::uint64_t in_file = looked_up - map->start + (file.path == "[vdso]" ? 0 : map->offset);
  frame.offset = in_file + (address - looked_up);
  const auto* told = table_.names.find(file, in_file);
  if (told != nullptr) {
    frame.function = told->name;
    frame.offset = in_file - told->offset + (address - looked_up);
    frame.size = told->size;
    if (inlined == nullptr || !options_.inlines) return frame;
    if (table_.names.tells_inlined(file)) {
      for (std::string& name : table_.names.inlined(file, in_file)) {
        inlined->push_back({.function = std::move(name), .module = {}, .offset = 0});
      }
      return frame;
    }
  }
  Module& module = module_of(map->file);
  const auto linked = module.address_of(in_file, *map);
  if (!linked) return frame;
  if (inlined != nullptr && options_.inlines) add_inlined(module, file.path, *linked, *inlined);
  if (told != nullptr) return frame;
  std::optional<ElfSymbols::Function> function;
  if (module.debug) function = module.debug->function_at(*linked);
  if (!function && module.file) function = module.file->function_at(*linked);
  if (!function || function->name.empty()) return frame;
  frame.function = demangle(function->name);
  frame.offset = function->offset + (address - looked_up);
  frame.size = function->size;
  return frame;
}

Frame Resolver::kernel_frame(std::uint64_t coded) const {
  const auto at = model::KernelFrame::of(coded);
  Frame frame{.kind = FrameKind::kKernel, .module = "[kernel]", .offset = at.offset};
  const analyze::KernelFunction* function = table_.kernel_function(at.symbol);
  if (function == nullptr) return frame;
  frame.function = function->name;
  if (!function->module.empty()) frame.module = function->module;
  return frame;
}

std::vector<Frame> Resolver::frames_at(const analyze::StackTable::View& view,
                                       std::size_t position) {
  if (view.kernel) return {kernel_frame(view.frames[position])};
  std::vector<Frame> frames;
  Frame outer = resolve(view.mm, view.frames[position], view.at_ns, position != 0, &frames);
  for (Frame& inlined : frames) inlined.module = outer.module;
  frames.push_back(std::move(outer));
  return frames;
}

const std::vector<Frame>& Resolver::known_frames_at(const analyze::StackTable::View& view,
                                                    std::size_t position) {
  const std::uint64_t address = view.frames[position];
  Place place{.address = address, .kernel = view.kernel};
  if (!view.kernel) {
    place.is_return = position != 0 && address != 0;
    place.map = table_.code.find(view.mm, address - (place.is_return ? 1 : 0), view.at_ns);
  }
  const auto [known, fresh] = places_.try_emplace(place);
  if (fresh) {
    known->second = frames_at(view, position);
    for (Frame& frame : known->second) frame.number = ++last_number_;
  }
  return known->second;
}

void Resolver::forget_when_many() {
  const bool forget_places = places_.size() > kMostPlacesKept;
  if (frames_kept_ <= kMostFramesKept && !forget_places) return;
  frames_.clear();
  frames_kept_ = 0;
  if (forget_places) places_.clear();
}

const FrameList& Resolver::frames(analyze::StackNumber number) {
  const auto known = frames_.find(static_cast<std::uint32_t>(number));
  if (known != frames_.end()) return known->second;
  forget_when_many();
  const analyze::StackTable::View view = table_.view(number);
  FrameList& frames = frames_[static_cast<std::uint32_t>(number)];
  frames.reserve(view.frames.size());
  for (std::size_t i = 0; i < view.frames.size(); ++i) {
    for (const Frame& frame : known_frames_at(view, i)) frames.push_back(&frame);
  }
  frames_kept_ += frames.size();
  return frames;
}

}  // namespace triptych::symbol::resolve
