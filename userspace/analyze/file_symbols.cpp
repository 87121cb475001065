// SPDX-License-Identifier: Apache-2.0
#include "analyze/file_symbols.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace triptych::analyze {
namespace {

// Beyond what stacks of one recording go through; of a hostile file the rest has no names.
constexpr std::size_t kMostFunctions = 1u << 18;

std::string key(const std::vector<std::uint8_t>& build_id, std::uint64_t inode,
                std::uint32_t device_major, std::uint32_t device_minor) {
  if (!build_id.empty()) return "b" + std::string(build_id.begin(), build_id.end());
  if (inode == 0) return {};
  return "i" + std::to_string(inode) + ' ' + std::to_string(device_major) + ' ' +
         std::to_string(device_minor);
}

std::string key(const model::FileSymbol& symbol) {
  const auto used = std::min<std::size_t>(symbol.build_id_size, symbol.build_id.size());
  return key({symbol.build_id.begin(), symbol.build_id.begin() + used}, symbol.inode,
             symbol.device_major, symbol.device_minor);
}

FileSymbols::Function function_of(const model::FileSymbol& symbol) {
  return {symbol.offset, symbol.size, std::string(symbol.name.view())};
}

std::string key(model::Tid tgid) {
  return "p" + std::to_string(tgid);
}

std::string at_depth(const std::string& file, int depth) {
  return std::to_string(depth) + ' ' + file;
}

}  // namespace

std::string FileSymbols::key_of(const CodeFile& file) {
  return key(file.build_id, file.inode, file.device_major, file.device_minor);
}

void FileSymbols::add(std::map<std::string, Functions>& to, const std::string& key,
                      Function function) {
  if (function.name.empty() || count_ == kMostFunctions) return;
  const std::uint64_t offset = function.offset;
  count_ += to[key].insert_or_assign(offset, std::move(function)).second ? 1 : 0;
}

void FileSymbols::add(const model::FileSymbol& symbol) {
  const std::string file = key(symbol);
  if (!file.empty()) add(files_, file, function_of(symbol));
}

void FileSymbols::add(const model::FileInlined& symbol) {
  const std::string file = key(symbol.symbol);
  if (!file.empty()) add(inlined_, at_depth(file, symbol.depth), function_of(symbol.symbol));
}

void FileSymbols::add(const model::JitSymbol& symbol) {
  add(files_, key(symbol.tgid), {symbol.address, symbol.size, std::string(symbol.name.view())});
}

const FileSymbols::Function* FileSymbols::find(const std::map<std::string, Functions>& in,
                                               const std::string& key, std::uint64_t offset) {
  const auto functions = in.find(key);
  if (functions == in.end()) return nullptr;
  const auto after = functions->second.upper_bound(offset);
  if (after == functions->second.begin()) return nullptr;
  const Function& function = std::prev(after)->second;
  return offset - function.offset < function.size ? &function : nullptr;
}

const FileSymbols::Function* FileSymbols::find(const CodeFile& file, std::uint64_t offset) const {
  return files_.empty() ? nullptr : find(files_, key_of(file), offset);
}

const FileSymbols::Function* FileSymbols::find(model::Tid tgid, std::uint64_t address) const {
  return files_.empty() ? nullptr : find(files_, key(tgid), address);
}

bool FileSymbols::tells_inlined(const CodeFile& file) const {
  return !inlined_.empty() && inlined_.count(at_depth(key_of(file), 1)) != 0;
}

std::vector<std::string> FileSymbols::inlined(const CodeFile& file, std::uint64_t offset) const {
  std::vector<std::string> names;
  const std::string key = key_of(file);
  for (int depth = 1; depth <= std::numeric_limits<std::uint8_t>::max(); ++depth) {
    const Function* function = find(inlined_, at_depth(key, depth), offset);
    if (function == nullptr) break;
    names.push_back(function->name);
  }
  std::reverse(names.begin(), names.end());
  return names;
}

}  // namespace triptych::analyze
