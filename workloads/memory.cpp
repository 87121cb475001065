// SPDX-License-Identifier: Apache-2.0
#include "workloads/memory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "workloads/support/signals_held.hpp"

namespace triptych::workloads {
namespace {

constexpr const char* kHugeSwitch = "/sys/kernel/mm/transparent_hugepage/enabled";

Result<void> check_huge_pages(std::uint64_t bytes) {
  std::ifstream file(kHugeSwitch);
  std::string text;
  std::getline(file, text);
  if (text.empty() || text.find("[never]") != std::string::npos) {
    return fail(fmt::format("this system gives no transparent huge pages ({})", kHugeSwitch),
                fmt::format("as root: echo madvise >{}", kHugeSwitch), ErrorCode::kCapability);
  }
  if (bytes % kHugePageBytes == 0) return {};
  return fail("huge pages need a size that is a multiple of 2M", {}, ErrorCode::kUsage);
}

unsigned char* map(std::uint64_t bytes, int flags, int fd = -1) {
  void* const place = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  return place == MAP_FAILED ? nullptr : static_cast<unsigned char*>(place);
}

tl::unexpected<Error> cannot_map(std::uint64_t bytes) {
  return fail_errno(fmt::format("cannot map {} bytes", bytes), errno);
}

// A place that begins at a multiple of a huge page, the rest given back.
unsigned char* map_aligned(std::uint64_t bytes) {
  unsigned char* const wide = map(bytes + kHugePageBytes, MAP_PRIVATE | MAP_ANONYMOUS);
  if (wide == nullptr) return nullptr;
  const std::uint64_t front =
      (kHugePageBytes - reinterpret_cast<std::uintptr_t>(wide) % kHugePageBytes) % kHugePageBytes;
  if (front > 0) ::munmap(wide, front);
  ::munmap(wide + front + bytes, kHugePageBytes - front);
  return wide + front;
}

// For file systems that know no file without a name (O_TMPFILE). Signals wait until it has none.
UniqueFd briefly_named_file(const char* directory) {
  std::string name = fmt::format("{}/triptych-XXXXXX", directory);
  const SignalsHeld held;
  UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
  if (file) ::unlink(name.c_str());
  return file;
}

// A file in memory would be shared memory to the kernel, not a file of a disk's page cache.
Result<UniqueFd> unnamed_file(std::uint64_t bytes) {
  const char* directory = std::getenv("TMPDIR");
  if (directory == nullptr || *directory == '\0') directory = "/var/tmp";
  UniqueFd file(::open(directory, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600));
  if (!file) file = briefly_named_file(directory);
  if (!file) {
    return fail_errno(fmt::format("cannot make a file in {}", quote(directory)), errno,
                      "TMPDIR says where");
  }
  if (::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) {
    return fail_errno("cannot make the file that large", errno);
  }
  return file;
}

}  // namespace

Result<Mapping> Mapping::anonymous(std::uint64_t bytes, PageSize pages) {
  if (bytes == 0) return Mapping();
  unsigned char* data = nullptr;
  if (pages == PageSize::kHuge) {
    TRIPTYCH_TRY(check_huge_pages(bytes));
    data = map_aligned(bytes);
  } else {
    data = map(bytes, MAP_PRIVATE | MAP_ANONYMOUS);
  }
  if (data == nullptr) return cannot_map(bytes);
  Mapping mapping(data, bytes);
  const int advice = pages == PageSize::kHuge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE;
  // Kernels without huge pages know neither word, and give small pages.
  if (::madvise(data, bytes, advice) != 0 && pages == PageSize::kHuge) {
    return fail_errno("madvise(MADV_HUGEPAGE)", errno, {});
  }
  return mapping;
}

Result<Mapping> Mapping::shared(std::uint64_t bytes) {
  unsigned char* const data = map(bytes, MAP_SHARED | MAP_ANONYMOUS);
  if (data == nullptr) return cannot_map(bytes);
  return Mapping(data, bytes);
}

Result<Mapping> Mapping::private_file(std::uint64_t bytes) {
  if (bytes == 0) return Mapping();
  TRIPTYCH_TRY_ASSIGN(const UniqueFd file, unnamed_file(bytes));
  unsigned char* const data = map(bytes, MAP_PRIVATE, file.get());
  if (data == nullptr) return cannot_map(bytes);
  return Mapping(data, bytes);
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

void Mapping::touch() {
  for (std::uint64_t at = 0; at < bytes_; at += kPageBytes) {
    *static_cast<volatile unsigned char*>(data_ + at) = 1;
  }
}

void Mapping::read() const {
  for (std::uint64_t at = 0; at < bytes_; at += kPageBytes) {
    static_cast<void>(*static_cast<const volatile unsigned char*>(data_ + at));
  }
}

std::uint64_t huge_bytes(const Mapping& mapping) {
  std::ifstream file("/proc/self/smaps");
  const std::string start = fmt::format("{:x}-", reinterpret_cast<std::uintptr_t>(mapping.data()));
  constexpr std::string_view kKey = "AnonHugePages:";
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(start)) inside = true;
    if (!inside || !line.starts_with(kKey)) continue;
    const std::size_t digits = line.find_first_of("0123456789");
    if (digits == std::string::npos) return 0;
    std::uint64_t kib = 0;
    std::from_chars(line.data() + digits, line.data() + line.size(), kib);
    return kib * 1024;
  }
  return 0;
}

}  // namespace triptych::workloads
