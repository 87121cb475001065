// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/libraries.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

#include "coroutine/discover/needs.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {
namespace {

namespace fs = std::filesystem;
using probes::ElfFile;

constexpr std::size_t kMostLibraries = 256;
constexpr std::array kUsualFolders = {"/lib/x86_64-linux-gnu",
                                      "/usr/lib/x86_64-linux-gnu",
                                      "/lib64",
                                      "/usr/lib64",
                                      "/usr/local/lib",
                                      "/lib",
                                      "/usr/lib"};

Needs needs_of_file(const std::string& path) {
  // Without O_NONBLOCK the opening of a pipe would wait.
  const auto elf = ElfFile::open(UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)));
  return elf ? needs_of(*elf) : Needs();
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

std::string find_library(const std::string& name, const std::vector<std::string>& folders) {
  if (name.find('/') != name.npos) return name;
  for (const std::string& folder : folders) {
    std::string path = folder;
    path.append("/").append(name);
    if (::access(path.c_str(), R_OK) == 0) return path;
  }
  return {};
}

}  // namespace

std::vector<std::string> libraries_of(const std::string& program, std::string_view library_path) {
  std::vector<std::string> found;
  std::set<std::string> seen;
  std::error_code error;
  const std::string origin = fs::canonical(program, error).parent_path().string();
  const auto look_into = [&](const std::string& path) {
    const Needs needs = needs_of_file(path);
    std::vector<std::string> folders;
    add_folders(library_path, origin, folders);
    add_folders(needs.folders, fs::canonical(path, error).parent_path().string(), folders);
    folders.insert(folders.end(), kUsualFolders.begin(), kUsualFolders.end());
    for (const std::string& name : needs.names) {
      if (found.size() == kMostLibraries || !seen.insert(name).second) continue;
      std::string library = find_library(name, folders);
      if (!library.empty()) found.push_back(std::move(library));
    }
  };
  look_into(program);
  for (std::size_t i = 0; i < found.size(); ++i) look_into(std::string(found[i]));
  return found;
}

}  // namespace triptych::coroutine::discover
