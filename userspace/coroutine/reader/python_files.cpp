// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/python_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/process_root.hpp"
#include "base/text.hpp"
#include "coroutine/probes/mapped_files.hpp"

namespace triptych::coroutine::reader {
namespace {

namespace fs = std::filesystem;
using discover::Interpreter;

struct ProgramPlace {
  UniqueFd root;        // of who sees these paths; none: we do
  std::string program;  // without links
  std::string called;   // as it was called: a virtual environment has its own packages
};

Result<ProgramFile> open_at(const ProgramPlace& place, const std::string& path) {
  return place.root ? open_program_file_in(place.root, path) : open_program_file(path);
}

constexpr std::array kLibraryFolders = {"/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu",
                                        "/usr/lib64", "/usr/lib", "/usr/local/lib"};

std::string folder_of(const std::string& path) {
  return fs::path(path).parent_path().string();
}

// "libpython3.11.so.1.0", which a small interpreter needs. It names a file in a folder of ours.
std::optional<std::string> needed_library(const std::vector<std::string>& needed) {
  for (const std::string& name : needed) {
    if (name.starts_with("libpython3.") && name.find('/') == name.npos) return name;
  }
  return std::nullopt;
}

struct FoundInterpreter {
  Interpreter interpreter;
  std::string path;  // of the file that it is in
  ProgramFile file;
};

Result<FoundInterpreter> find_interpreter(ProgramReader& reader, const ProgramPlace& place) {
  TRIPTYCH_TRY_ASSIGN(ProgramFile program, open_at(place, place.program));
  TRIPTYCH_TRY_ASSIGN(const PythonPart part, reader.look_for_python(program, {}));
  TRIPTYCH_TRY_ASSIGN(const std::optional<Interpreter> own, part.interpreter);
  if (own) return FoundInterpreter{*own, place.program, std::move(program)};
  const auto library = needed_library(part.needed);
  if (!library) return fail("it is no Python");
  std::vector<std::string> folders{folder_of(folder_of(place.program)) + "/lib"};
  folders.insert(folders.end(), kLibraryFolders.begin(), kLibraryFolders.end());
  for (const std::string& folder : folders) {
    std::string path = fmt::format("{}/{}", folder, *library);
    auto file = open_at(place, path);
    if (!file || !file->may_be_program) continue;
    TRIPTYCH_TRY_ASSIGN(const PythonPart in_library, reader.look_for_python(*file, {}));
    if (!in_library.is_program) continue;
    TRIPTYCH_TRY_ASSIGN(const std::optional<Interpreter> found, in_library.interpreter);
    if (found) return FoundInterpreter{*found, std::move(path), std::move(*file)};
  }
  return fail(fmt::format("its {} is not found", quote(*library)));
}

// The one file of that name, whatever its suffix says of the platform.
std::optional<std::string> module_in(const ProgramPlace& place, const std::string& folder,
                                     std::string_view wanted) {
  const UniqueFd there = place.root
                             ? open_in_root(place.root, folder, O_PATH | O_DIRECTORY)
                             : UniqueFd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!there) return std::nullopt;
  std::error_code error;
  for (fs::directory_iterator at(fmt::format("/proc/self/fd/{}", there.get()), error), end;
       !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(wanted) && name.ends_with(".so"))
      return fmt::format("{}/{}", folder, name);
  }
  return std::nullopt;
}

std::vector<std::string> folders_of(const ProgramPlace& place, const FoundInterpreter& found,
                                    const PythonModule& wanted) {
  const std::string version = fmt::format("python3.{}", found.interpreter.minor);
  std::vector<std::string> folders;
  for (const std::string& prefix :
       {folder_of(folder_of(place.called)), folder_of(folder_of(place.program)),
        folder_of(folder_of(found.path)), folder_of(folder_of(folder_of(found.path)))}) {
    for (const char* library : {"lib", "lib64"}) {
      const std::string base = fmt::format("{}/{}", prefix, library);
      if (wanted.package.empty()) {
        folders.push_back(fmt::format("{}/{}/lib-dynload", base, version));
        continue;
      }
      folders.push_back(fmt::format("{}/{}/site-packages/{}", base, version, wanted.package));
      folders.push_back(fmt::format("{}/{}/dist-packages/{}", base, version, wanted.package));
      folders.push_back(fmt::format("{}/python3/dist-packages/{}", base, wanted.package));
    }
  }
  return folders;
}

Result<PythonFiles> find_files(ProgramReader& reader, const ProgramPlace& place,
                               const PythonModule& wanted) {
  TRIPTYCH_TRY_ASSIGN(FoundInterpreter found, find_interpreter(reader, place));
  if (wanted.name.empty()) {
    return PythonFiles{found.interpreter, std::move(found.path), std::move(found.file)};
  }
  for (const std::string& folder : folders_of(place, found, wanted)) {
    const auto path = module_in(place, folder, wanted.name);
    if (!path) continue;
    TRIPTYCH_TRY_ASSIGN(ProgramFile module, open_at(place, *path));
    return PythonFiles{found.interpreter, *path, std::move(module)};
  }
  return fail(
      fmt::format("its module {} is not found", wanted.name.substr(0, wanted.name.size() - 1)),
      "in a process that has imported it, it is: -p PID");
}

// "#!/usr/bin/env python3": the interpreter that the kernel, or env, will run; none for what is no
// script.
std::optional<std::string> interpreter_of_script(const std::string& path,
                                                 std::string_view search_path) {
  constexpr std::size_t kFirstLine = 256;  // as many as kernels look at
  const auto file = open_program_file(path);
  if (!file) return std::nullopt;
  std::array<char, kFirstLine> bytes{};
  const ssize_t size = ::pread(file->fd(), bytes.data(), bytes.size(), 0);
  std::string_view line(bytes.data(), size <= 0 ? 0 : static_cast<std::size_t>(size));
  if (!line.starts_with("#!")) return std::nullopt;
  line = line.substr(2, line.find('\n') - 2);
  const auto next_word = [&line] {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(word.size());
    return std::string(word);
  };
  const std::string interpreter = next_word();
  if (!interpreter.ends_with("/env")) return interpreter;
  const std::string name = next_word();
  if (name.find('/') != name.npos) return name;
  while (!search_path.empty()) {
    const std::string_view folder = search_path.substr(0, search_path.find(':'));
    const std::string found = fmt::format("{}/{}", folder, name);
    if (::access(found.c_str(), X_OK) == 0) return found;
    search_path.remove_prefix(std::min(folder.size() + 1, search_path.size()));
  }
  return std::nullopt;
}

std::string target_of_link(const std::string& link) {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
  return size <= 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(size));
}

// As the process sees it: of one behind a chroot the kernel tells us the way from our root on.
std::string program_of_process(pid_t tgid) {
  const std::string root = target_of_link(fmt::format("/proc/{}/root", tgid));
  std::string program = target_of_link(fmt::format("/proc/{}/exe", tgid));
  if (root.size() > 1 && program.starts_with(root + "/")) program.erase(0, root.size());
  return program;
}

}  // namespace

Result<PythonFiles> python_files_of(ProgramReader& reader, const std::string& program,
                                    std::string_view search_path, const PythonModule& wanted) {
  std::error_code error;
  const std::string interpreter = interpreter_of_script(program, search_path).value_or(program);
  const std::string path = fs::canonical(interpreter, error).string();
  if (error) return fail_errno(fmt::format("look into {}", quote(interpreter)), error.value());
  return find_files(reader, {{}, path, fs::absolute(interpreter, error).string()}, wanted);
}

Result<PythonFiles> python_files_of(ProgramReader& reader, pid_t tgid, const PythonModule& wanted) {
  std::optional<Interpreter> interpreter;
  std::optional<std::pair<std::string, ProgramFile>> module;
  for (probes::MappedFile& mapped : probes::mapped_programs(tgid)) {
    auto file = as_program_file(std::move(mapped.file));
    if (!file) continue;
    TRIPTYCH_TRY_ASSIGN(const PythonPart part, reader.look_for_python(*file, wanted.symbol));
    if (!part.is_program) continue;  // code that is no program
    if (!interpreter) {
      TRIPTYCH_TRY_ASSIGN(interpreter, part.interpreter);
      if (interpreter && wanted.name.empty()) {
        return PythonFiles{*interpreter, mapped.path, std::move(*file)};
      }
    }
    if (!module && part.exports) module.emplace(mapped.path, std::move(*file));
  }
  if (!interpreter) return fail("it is no Python");
  if (module) {
    return PythonFiles{*interpreter, std::move(module->first), std::move(module->second)};
  }
  const std::string program = program_of_process(tgid);
  UniqueFd root = root_of_process(tgid);
  if (!root) return fail_errno("look into its root", errno);
  return find_files(reader, {std::move(root), program, program}, wanted);
}

}  // namespace triptych::coroutine::reader
