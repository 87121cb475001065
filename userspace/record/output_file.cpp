// SPDX-License-Identifier: Apache-2.0
#include "record/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/text.hpp"
#include "record/output_directory.hpp"
#include "trace/format.hpp"

namespace triptych::record {
namespace {

constexpr const char* kOld = ".old";
constexpr const char* kChooseAnother = "choose another file with -o";

Error cannot_create(const std::string& path, int error) {
  return system_error(fmt::format("cannot create {}", quote(path)), error, kChooseAnother);
}

tl::unexpected<Error> refuse(const std::string& path, std::string_view why) {
  return fail(fmt::format("{} {}: it will not be touched", quote(path), why), kChooseAnother);
}

std::string link_to(const UniqueFd& file) {
  return fmt::format("/proc/self/fd/{}", file.get());
}

int give_name(const UniqueFd& file, int directory, const std::string& name) {
  const std::string link = link_to(file);
  return ::linkat(AT_FDCWD, link.c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0
                                                                                           : errno;
}

// Some file systems do not know RENAME_NOREPLACE; a hard link does not replace anything either.
int rename_without_replacing(int directory, const std::string& from, const std::string& to) {
  if (::renameat2(directory, from.c_str(), directory, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL) return errno;
  if (::linkat(directory, from.c_str(), directory, to.c_str(), 0) != 0) return errno;
  return ::unlinkat(directory, from.c_str(), 0) == 0 ? 0 : errno;
}

}  // namespace

Result<OutputFile> OutputFile::create(const std::string& path, const launch::User& owner) {
  OutputFile output;
  output.path_ = path;
  output.owner_ = owner;
  const std::size_t slash = path.rfind('/');
  output.name_ = slash == std::string::npos ? path : path.substr(slash + 1);
  if (output.name_.empty() || output.name_ == "." || output.name_ == "..") {
    return fail(fmt::format("{} does not name a file", quote(path)), kChooseAnother,
                ErrorCode::kUsage);
  }
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);

  TRIPTYCH_TRY_ASSIGN(const launch::FileRightsOf rights, launch::FileRightsOf::take(owner));
  TRIPTYCH_TRY_ASSIGN(output.directory_, open_directory(directory, owner.uid));
  TRIPTYCH_TRY(output.check_target());
  TRIPTYCH_TRY(output.create_file());
  if (::fchmod(output.file_.get(), 0600) != 0) {
    return tl::unexpected<Error>(cannot_create(path, errno));
  }
  return output;
}

// Such a file gets its name through /proc.
bool OutputFile::create_without_name() {
  file_.reset(::openat(directory_.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file_ && ::access(link_to(file_).c_str(), F_OK) != 0) file_.reset();
  return static_cast<bool>(file_);
}

Result<void> OutputFile::create_file() {
  if (create_without_name()) return {};
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof(random), 0) != sizeof(random)) {
    return fail_errno("cannot get a random number", errno);
  }
  // The name itself may be as long as a name can be.
  const std::string temporary = fmt::format(".triptych-{:016x}.part", random);
  file_.reset(::openat(directory_.get(), temporary.c_str(),
                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file_) return tl::unexpected<Error>(cannot_create(path_, errno));
  temporary_name_ = temporary;
  return {};
}

OutputFile::~OutputFile() {
  if (!file_ || temporary_name_.empty()) return;
  const auto rights = launch::FileRightsOf::take(owner_);
  if (rights) ::unlinkat(directory_.get(), temporary_name_.c_str(), 0);
}

Result<UniqueFd> OutputFile::writing_end() const {
  UniqueFd copy(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy) return fail_errno(fmt::format("cannot write {}", quote(path_)), errno);
  return copy;
}

Result<bool> OutputFile::is_own_trace(const std::string& suffix) const {
  const std::string name = name_ + suffix;
  const std::string path = path_ + suffix;
  struct stat status {};
  if (::fstatat(directory_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    return tl::unexpected<Error>(cannot_create(path, errno));
  }
  if (S_ISLNK(status.st_mode)) return refuse(path, "is a symbolic link");
  if (S_ISDIR(status.st_mode)) return refuse(path, "is a directory");
  if (!S_ISREG(status.st_mode)) return refuse(path, "exists and is not a trace");
  if (status.st_uid != owner_.uid) {
    return refuse(path, fmt::format("belongs to another user (uid {})", status.st_uid));
  }
  // Without waiting, should a pipe have taken its place in the meantime.
  const UniqueFd file(
      ::openat(directory_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return tl::unexpected<Error>(cannot_create(path, errno));
  unsigned char magic[sizeof(trace::kFileMagic)];
  const ssize_t size = ::pread(file.get(), magic, sizeof(magic), 0);
  if (size != sizeof(magic) || std::memcmp(magic, trace::kFileMagic, sizeof(magic)) != 0) {
    return refuse(path, "exists and is not a trace");
  }
  return true;
}

Result<void> OutputFile::check_target() const {
  TRIPTYCH_TRY_ASSIGN(const bool exists, is_own_trace(""));
  if (exists) TRIPTYCH_TRY(is_own_trace(kOld));
  return {};
}

Result<void> OutputFile::publish() {
  TRIPTYCH_TRY_ASSIGN(const launch::FileRightsOf rights, launch::FileRightsOf::take(owner_));
  TRIPTYCH_TRY_ASSIGN(const bool exists, is_own_trace(""));
  if (exists) {
    TRIPTYCH_TRY(is_own_trace(kOld));
    const std::string old = name_ + kOld;
    if (::renameat(directory_.get(), name_.c_str(), directory_.get(), old.c_str()) != 0) {
      return fail_errno(fmt::format("cannot keep {} as {}", quote(name_), quote(old)), errno);
    }
  }
  const int error = temporary_name_.empty()
                        ? give_name(file_, directory_.get(), name_)
                        : rename_without_replacing(directory_.get(), temporary_name_, name_);
  if (error != 0) return tl::unexpected<Error>(cannot_create(path_, error));
  temporary_name_.clear();
  return {};
}

}  // namespace triptych::record
