// SPDX-License-Identifier: Apache-2.0
//
// What a child may not do, and what it may do to us: nothing.
#include "coroutine/reader/confined_child.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "coroutine/reader/channel.hpp"
#include "support/memory_file.hpp"
#include "support/sanitizers.hpp"

namespace triptych::coroutine::reader {
namespace {

constexpr std::uint64_t kPatienceNs = 20 * kNsPerSecond;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(const Result<std::vector<std::byte>>& bytes) {
  if (!bytes) return "error: " + bytes.error().message;
  return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

// Answers each question by what `answer` makes of it and of its file.
using Answer = std::function<std::string(const std::string& question, int file)>;
Result<ConfinedChild> start_child(const Answer& answer) {
  return ConfinedChild::start(nobody(), [&answer](int socket) {
    for (;;) {
      UniqueFd file;
      const auto question = receive_message(socket, &file, kForEver);
      if (!question) return;
      const std::string text = answer(text_of(question), file.get());
      if (!send_message(socket, bytes_of(text), -1, kForEver)) return;
    }
  });
}

std::string ask(ConfinedChild& child, std::string_view question, int file = -1,
                std::uint64_t patience_ns = kPatienceNs) {
  return text_of(child.ask(bytes_of(question), file, patience_ns));
}

bool has_children() {
  return ::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD;
}

TEST(ConfinedChild, AnswersOneQuestionAfterTheOther) {
  auto child = start_child([](const std::string& question, int) { return question + "!"; });
  ASSERT_TRUE(child);
  EXPECT_EQ(ask(*child, "one"), "one!");
  EXPECT_EQ(ask(*child, ""), "!");
  const std::string large(3 << 20, 'x');  // more than a socket holds
  EXPECT_EQ(ask(*child, large), large + "!");
  EXPECT_TRUE(child->runs());
  EXPECT_GT(child->cpu_ns(), 0u);
}

TEST(ConfinedChild, ReadsTheFileThatComesWithAQuestion) {
  auto child = start_child([](const std::string&, int file) {
    char text[16];
    const ssize_t size = ::pread(file, text, sizeof text, 0);
    return size < 0 ? "none" : std::string(text, static_cast<std::size_t>(size));
  });
  ASSERT_TRUE(child);
  EXPECT_EQ(ask(*child, "", test::MemoryFile(std::string_view("inside")).fd().get()), "inside");
  EXPECT_EQ(ask(*child, ""), "none");
}

int open_files(int but = -1) {
  int open = 0;
  for (int fd = 0; fd < 1024; ++fd) open += fd != but && ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return open;
}

std::string rights_of_this_process(int socket) {
  std::string found;
  const auto add = [&found](const char* what, auto value) {
    found.append(what).append("=").append(std::to_string(value)).append(" ");
  };
  add("open", open_files(socket));
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
  ::syscall(SYS_capget, &header, sets);
  add("capabilities", sets[0].effective | sets[1].effective | sets[0].permitted |
                          sets[1].permitted | sets[0].inheritable | sets[1].inheritable);
  add("no_new_privs", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  add("dumpable", ::prctl(PR_GET_DUMPABLE));
  int death = 0;
  ::prctl(PR_GET_PDEATHSIG, &death);
  add("death", death);
  for (const auto each : {RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_NPROC}) {
    rlimit limit{};
    ::getrlimit(each, &limit);
    add("limit", limit.rlim_max);
  }
  sigset_t blocked;
  ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP}) {
    add("blocked", ::sigismember(&blocked, signal));
  }
  char name[16];
  ::prctl(PR_GET_NAME, name);
  return found + name;
}

TEST(ConfinedChild, HasNothingAndMayNothing) {
  const test::MemoryFile open_here;
  auto child = ConfinedChild::start(nobody(), [](int socket) {
    UniqueFd file;
    if (!receive_message(socket, &file, kForEver)) return;
    send_message(socket, bytes_of(rights_of_this_process(socket)), -1, kForEver);
  });
  ASSERT_TRUE(child);
  EXPECT_EQ(ask(*child, ""),
            "open=0 capabilities=0 no_new_privs=1 dumpable=0 death=9 limit=0 limit=0 limit=0 "
            "blocked=1 blocked=1 blocked=1 blocked=1 triptych-reader");
}

TEST(ConfinedChild, IsWhoeverItIsToBe) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto who = [](int socket) {
    gid_t groups[8];
    const int count = ::getgroups(8, groups);
    std::string text = std::to_string(::getuid()) + " " + std::to_string(::getgid());
    for (int i = 0; i < count; ++i) text += " " + std::to_string(groups[i]);
    text += ::setresuid(0, 0, 0) == 0 ? " root" : "";
    UniqueFd file;
    if (receive_message(socket, &file, kForEver)) {
      send_message(socket, bytes_of(text), -1, kForEver);
    }
  };
  auto user = ConfinedChild::start({4711, 4712, {4712, 4713}}, who);
  ASSERT_TRUE(user);
  EXPECT_EQ(ask(*user, ""), "4711 4712 4712 4713");
  auto none = ConfinedChild::start(nobody(), who);
  ASSERT_TRUE(none);
  EXPECT_EQ(ask(*none, ""), "65534 65534");
  auto root = ConfinedChild::start({}, who);
  ASSERT_TRUE(root);
  EXPECT_EQ(ask(*root, ""), "error: its reader ended") << "which nobody may ask for";
}

TEST(ConfinedChild, ThatDiesIsTold) {
  auto child = start_child([](const std::string& question, int) -> std::string {
    if (question == "die") ::_exit(3);
    return "alive";
  });
  ASSERT_TRUE(child);
  EXPECT_EQ(ask(*child, "are you"), "alive");
  EXPECT_EQ(ask(*child, "die"), "error: its reader ended");
  EXPECT_EQ(ask(*child, "are you"), "error: its reader ended");
  EXPECT_FALSE(child->runs());
  EXPECT_EQ(child->cpu_ns(), 0u);
  EXPECT_FALSE(has_children()) << "before it is destroyed";
}

TEST(ConfinedChild, ThatNeverAnswersIsNotWaitedFor) {
  auto child = start_child([](const std::string&, int) -> std::string {
    for (;;) ::pause();
  });
  ASSERT_TRUE(child);
  const std::uint64_t begin_ns = monotonic_ns();
  EXPECT_EQ(ask(*child, "", -1, kNsPerSecond / 10), "error: its reader did not answer in time");
  EXPECT_GE(monotonic_ns() - begin_ns, kNsPerSecond / 10);
  EXPECT_LT(monotonic_ns() - begin_ns, 10 * kNsPerSecond);
  EXPECT_FALSE(has_children());
}

TEST(ConfinedChild, ThatDoesNotListenIsNotWaitedForEither) {
  auto child = ConfinedChild::start(nobody(), [](int) {
    for (;;) ::pause();
  });
  ASSERT_TRUE(child);
  const std::string large(8 << 20, 'x');
  EXPECT_EQ(ask(*child, large, -1, kNsPerSecond / 10), "error: its reader did not answer in time");
}

// Writes whatever bytes for an answer.
std::string answered(std::string bytes, bool and_stays) {
  auto child = ConfinedChild::start(nobody(), [&](int socket) {
    if (!receive_message(socket, nullptr, kForEver)) return;
    if (::write(socket, bytes.data(), bytes.size()) < 0) return;
    while (and_stays) ::pause();
  });
  return child ? ask(*child, "", -1, kNsPerSecond / 4) : "not started";
}

std::string size_of_answer(std::uint64_t size) {
  return {reinterpret_cast<const char*>(&size), sizeof size};
}

TEST(ConfinedChild, ThatAnswersNonsenseIsNotBelieved) {
  EXPECT_EQ(answered(size_of_answer(3) + "abc", false), "abc");
  EXPECT_EQ(answered(size_of_answer(4) + "abc", false), "error: its reader ended");
  EXPECT_EQ(answered(size_of_answer(4) + "abc", true), "error: its reader did not answer in time");
  EXPECT_EQ(answered("abc", false), "error: its reader ended");
  EXPECT_EQ(answered(size_of_answer(kMostMessageBytes + 1), true),
            "error: its reader answered too much");
  EXPECT_EQ(answered(size_of_answer(~std::uint64_t{0}), true),
            "error: its reader answered too much");
  EXPECT_EQ(answered(size_of_answer(kMostMessageBytes), false), "error: its reader ended");
}

TEST(ConfinedChild, GivesUsNoFile) {
  auto child = ConfinedChild::start(nobody(), [](int socket) {
    UniqueFd file;
    if (!receive_message(socket, &file, kForEver)) return;
    send_message(socket, bytes_of("with a file"), socket, kForEver);
  });
  ASSERT_TRUE(child);
  const int before = open_files();
  EXPECT_EQ(ask(*child, ""), "with a file");
  EXPECT_EQ(open_files(), before);
}

TEST(ConfinedChild, IsKilledByAnyThreadWhileAnotherOneWaits) {
  auto child = start_child([](const std::string&, int) -> std::string {
    for (;;) ::pause();
  });
  ASSERT_TRUE(child);
  std::string answer;
  std::thread waits([&] { answer = ask(*child, "", -1, 600 * kNsPerSecond); });
  child->kill();
  waits.join();
  EXPECT_EQ(answer, "error: its reader ended");
}

TEST(ConfinedChild, LeavesNothingBehind) {
  {
    auto child = start_child([](const std::string& question, int) { return question; });
    ASSERT_TRUE(child);
    ConfinedChild moved = std::move(*child);
    EXPECT_EQ(ask(moved, "still there"), "still there");
  }
  EXPECT_FALSE(has_children());
}

TEST(ConfinedChild, HasLittleMemory) {
  if (test::kAddressSanitizer) return;  // which has mapped terabytes
  auto child = start_child([](const std::string&, int) {
    void* much = std::malloc(std::size_t{2} << 30);
    const bool had = much != nullptr;
    std::free(much);
    return std::string(had ? "had" : "refused");
  });
  ASSERT_TRUE(child);
  EXPECT_EQ(ask(*child, ""), "refused");
}

}  // namespace
}  // namespace triptych::coroutine::reader
