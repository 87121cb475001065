// SPDX-License-Identifier: Apache-2.0
#include "analyze/file_symbols.hpp"

#include <algorithm>
#include <iterator>
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

}  // namespace

std::string FileSymbols::key_of(const CodeFile& file) {
  return key(file.build_id, file.inode, file.device_major, file.device_minor);
}

void FileSymbols::add(const model::FileSymbol& symbol) {
  const auto used = std::min<std::size_t>(symbol.build_id_size, symbol.build_id.size());
  const std::string file = key({symbol.build_id.begin(), symbol.build_id.begin() + used},
                               symbol.inode, symbol.device_major, symbol.device_minor);
  if (file.empty() || symbol.name.view().empty() || count_ == kMostFunctions) return;
  Function function{symbol.offset, symbol.size, std::string(symbol.name.view())};
  count_ += files_[file].insert_or_assign(symbol.offset, std::move(function)).second ? 1 : 0;
}

const FileSymbols::Function* FileSymbols::find(const CodeFile& file, std::uint64_t offset) const {
  if (files_.empty()) return nullptr;
  const auto functions = files_.find(key_of(file));
  if (functions == files_.end()) return nullptr;
  const auto after = functions->second.upper_bound(offset);
  if (after == functions->second.begin()) return nullptr;
  const Function& function = std::prev(after)->second;
  return offset - function.offset < function.size ? &function : nullptr;
}

}  // namespace triptych::analyze
