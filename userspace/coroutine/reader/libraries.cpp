// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/libraries.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace triptych::coroutine::reader {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostLibraries = 256;
constexpr std::array kUsualFolders = {"/lib/x86_64-linux-gnu",
                                      "/usr/lib/x86_64-linux-gnu",
                                      "/lib64",
                                      "/usr/lib64",
                                      "/usr/local/lib",
                                      "/lib",
                                      "/usr/lib"};

std::string origin_of(const std::string& path) {
  std::error_code error;
  return fs::canonical(path, error).parent_path().string();
}

void add_folders(std::string_view folders, const std::string& origin,
                 std::vector<std::string>& all) {
  while (!folders.empty()) {
    std::string folder(folders.substr(0, folders.find(':')));
    folders.remove_prefix(std::min(folder.size() + 1, folders.size()));
    for (const std::string_view word : {"$ORIGIN", "${ORIGIN}"}) {
      const std::size_t at = folder.find(word);
      if (at != folder.npos) folder.replace(at, word.size(), origin);
    }
    if (folder.starts_with('/')) all.push_back(std::move(folder));
  }
}

struct Library {
  std::string path;
  ProgramFile file;
};

std::optional<Library> open_library(std::string path, const OpenLibrary& open) {
  auto file = open(path);
  if (!file) return std::nullopt;
  return Library{std::move(path), std::move(*file)};
}

std::optional<Library> find_library(const std::string& name,
                                    const std::vector<std::string>& folders,
                                    const OpenLibrary& open) {
  if (name.find('/') != name.npos) return open_library(name, open);
  for (const std::string& folder : folders) {
    std::string path = folder;
    if (auto library = open_library(path.append("/").append(name), open)) return library;
  }
  return std::nullopt;
}

}  // namespace

void for_each_library(const std::string& program, const discover::Needs& needs,
                      std::string_view library_path, const OpenLibrary& open,
                      const LookIntoLibrary& look) {
  std::vector<Library> found;
  std::set<std::string> seen;
  const std::string origin = origin_of(program);
  const auto find_needed = [&](const std::string& path, const discover::Needs& needed) {
    std::vector<std::string> folders;
    add_folders(library_path, origin, folders);
    if (!needed.folders.empty()) add_folders(needed.folders, origin_of(path), folders);
    folders.insert(folders.end(), kUsualFolders.begin(), kUsualFolders.end());
    for (const std::string& name : needed.names) {
      if (found.size() == kMostLibraries || !seen.insert(name).second) continue;
      if (auto library = find_library(name, folders, open)) found.push_back(std::move(*library));
    }
  };
  find_needed(program, needs);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string path = found[i].path;
    find_needed(path, look(std::move(found[i].file), path));
  }
}

}  // namespace triptych::coroutine::reader
