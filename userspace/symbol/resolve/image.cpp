// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/image.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/process_root.hpp"

namespace triptych::symbol::resolve {
namespace {

constexpr std::uint64_t kLargestImage = std::uint64_t{16} << 30;
constexpr int kOpening = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// Who called sudo reads his own files as before.
bool is_own(std::uint32_t owner) {
  if (owner == 0 || owner == ::geteuid()) return true;
  const char* caller = ::geteuid() == 0 ? std::getenv("SUDO_UID") : nullptr;
  return caller != nullptr && std::strtoul(caller, nullptr, 10) == owner;
}

}  // namespace

Image Image::of_file(UniqueFd file) {
  Image image;
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return image;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > kLargestImage) return image;
  image.file_ = std::move(file);
  image.size_ = size;
  image.inode_ = status.st_ino;
  image.owner_ = status.st_uid;
  return image;
}

Image Image::open(const std::string& path, int flags) {
  return of_file(UniqueFd(::open(path.c_str(), kOpening | flags)));
}

Image Image::open(const std::string& path) {
  return open(path, 0);
}

Image Image::open_as_seen_by(pid_t process, const std::string& path) {
  return of_file(open_in_root(root_of_process(process), path, kOpening));
}

Image Image::open_own(const std::string& path) {
  Image image = open(path, O_NOFOLLOW);
  return image && is_own(image.owner()) ? std::move(image) : Image();
}

Image Image::of(std::span<const std::byte> memory) {
  Image image;
  image.memory_ = memory;
  image.size_ = memory.size();
  return image;
}

bool Image::read(std::uint64_t offset, std::span<std::byte> to) const {
  if (offset > size_ || to.size() > size_ - offset) return false;
  if (!memory_.empty()) {
    std::memcpy(to.data(), memory_.data() + offset, to.size());
    return true;
  }
  while (!to.empty()) {
    const ssize_t got = ::pread(file_.get(), to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    offset += static_cast<std::uint64_t>(got);
    to = to.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

std::string Image::text(std::uint64_t offset, std::size_t most) const {
  std::string text;
  while (offset < size_ && text.size() < most) {
    char piece[256];
    const std::size_t size = static_cast<std::size_t>(
        std::min<std::uint64_t>({sizeof piece, size_ - offset, most - text.size()}));
    if (!read(offset, std::as_writable_bytes(std::span(piece).first(size)))) break;
    const std::size_t length = ::strnlen(piece, size);
    text.append(piece, length);
    if (length < size) break;
    offset += size;
  }
  return text;
}

}  // namespace triptych::symbol::resolve
