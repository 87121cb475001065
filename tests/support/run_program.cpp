// SPDX-License-Identifier: Apache-2.0
#include "support/run_program.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace triptych::test {
namespace {

// Files, not pipes: neither stream can fill up while we read the other.
std::string content_of(std::FILE* file) {
  std::string text;
  char buffer[4096];
  std::rewind(file);
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, file)) > 0;) {
    text.append(buffer, got);
  }
  return text;
}

[[noreturn]] void become(const std::vector<std::string>& command, const std::string& directory,
                         const std::vector<std::string>& environment, int out, int err) {
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (!directory.empty() && ::chdir(directory.c_str()) != 0) ::_exit(255);
  for (const std::string& each : environment) ::putenv(const_cast<char*>(each.c_str()));
  std::vector<char*> arguments;
  for (const std::string& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(255);
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& command, const std::string& directory,
                          const std::vector<std::string>& environment) {
  ProgramResult result;
  std::FILE* out = std::tmpfile();
  std::FILE* err = std::tmpfile();
  if (out != nullptr && err != nullptr) {
    const pid_t child = ::fork();
    if (child == 0) become(command, directory, environment, ::fileno(out), ::fileno(err));
    int status = 0;
    if (child > 0 && ::waitpid(child, &status, 0) == child) {
      result.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    result.out = content_of(out);
    result.err = content_of(err);
  }
  if (out != nullptr) std::fclose(out);
  if (err != nullptr) std::fclose(err);
  return result;
}

}  // namespace triptych::test
