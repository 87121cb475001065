// SPDX-License-Identifier: Apache-2.0
//
// Pipes, named pipes and sockets: bytes in order, through a descriptor at each end.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "workloads/ipc/link.hpp"
#include "workloads/support/signals_held.hpp"

namespace triptych::workloads::ipc {
namespace {

class StreamLink final : public Link {
 public:
  StreamLink(UniqueFd input, UniqueFd output, std::size_t words)
      : input_(std::move(input)), output_(std::move(output)), sent_(words), received_(words) {}

  int send(std::uint64_t number) override {
    fill(sent_.data(), sent_.size(), number);
    const char* next = reinterpret_cast<const char*>(sent_.data());
    for (std::size_t left = bytes(); left > 0;) {
      const ssize_t written = ::write(output_.get(), next, left);
      if (written < 0 && errno != EINTR) return errno;
      if (written <= 0) continue;
      next += written;
      left -= static_cast<std::size_t>(written);
    }
    return 0;
  }

  int receive(std::uint64_t* total) override {
    char* next = reinterpret_cast<char*>(received_.data());
    for (std::size_t left = bytes(); left > 0;) {
      const ssize_t read = ::read(input_.get(), next, left);
      if (read == 0) return EPIPE;
      if (read < 0 && errno != EINTR) return errno;
      if (read < 0) continue;
      next += read;
      left -= static_cast<std::size_t>(read);
    }
    *total += sum(received_.data(), received_.size());
    return 0;
  }

 private:
  std::size_t bytes() const { return sent_.size() * sizeof(std::uint64_t); }

  UniqueFd input_;
  UniqueFd output_;
  std::vector<std::uint64_t> sent_;
  std::vector<std::uint64_t> received_;
};

Result<std::shared_ptr<Link>> make_pipe(const Options& options) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  return std::make_shared<StreamLink>(UniqueFd(ends[0]), UniqueFd(ends[1]), options.words);
}

// The name lives only until both ends are open. Meanwhile signals wait, so that Ctrl-C leaves none.
Result<std::shared_ptr<Link>> make_fifo(const Options& options) {
  const SignalsHeld held;
  const char* parent = std::getenv("TMPDIR");
  std::string directory =
      fmt::format("{}/triptych-XXXXXX", parent != nullptr && *parent != '\0' ? parent : "/tmp");
  if (::mkdtemp(directory.data()) == nullptr) {
    return fail_errno(fmt::format("cannot make a directory {}", directory), errno);
  }
  const std::string name = directory + "/fifo";
  int error = 0;
  UniqueFd input;
  UniqueFd output;
  if (::mkfifo(name.c_str(), 0600) != 0) {
    error = errno;
  } else {
    // Without a writer, opening for reading would wait for one.
    input.reset(::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (input) output.reset(::open(name.c_str(), O_WRONLY | O_CLOEXEC));
    if (!output || ::fcntl(input.get(), F_SETFL, 0) != 0) error = errno;
    ::unlink(name.c_str());
  }
  ::rmdir(directory.c_str());
  if (error != 0) return fail_errno("cannot make a named pipe", error);
  return std::make_shared<StreamLink>(std::move(input), std::move(output), options.words);
}

}  // namespace

Result<Links> make_pipes(const Options& options) {
  Links links;
  TRIPTYCH_TRY_ASSIGN(links.there, make_pipe(options));
  TRIPTYCH_TRY_ASSIGN(links.back, make_pipe(options));
  return links;
}

Result<Links> make_fifos(const Options& options) {
  Links links;
  TRIPTYCH_TRY_ASSIGN(links.there, make_fifo(options));
  TRIPTYCH_TRY_ASSIGN(links.back, make_fifo(options));
  return links;
}

// One pair, used in both directions.
Result<Links> make_sockets(const Options& options) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail_errno("cannot make a pair of sockets", errno);
  }
  UniqueFd first(ends[0]);
  UniqueFd second(ends[1]);
  UniqueFd first_again(::fcntl(ends[0], F_DUPFD_CLOEXEC, 0));
  UniqueFd second_again(::fcntl(ends[1], F_DUPFD_CLOEXEC, 0));
  if (!first_again || !second_again) return fail_errno("cannot make a pair of sockets", errno);
  Links links;
  links.there = std::make_shared<StreamLink>(std::move(second), std::move(first), options.words);
  links.back =
      std::make_shared<StreamLink>(std::move(first_again), std::move(second_again), options.words);
  return links;
}

}  // namespace triptych::workloads::ipc
