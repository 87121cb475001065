// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/wire.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace triptych::coroutine::reader {

void WireWriter::text(std::string_view value) {
  value = value.substr(0, kMostText);
  number(value.size());
  append(value.data(), value.size());
}

void WireWriter::append(const void* from, std::size_t size) {
  const auto* begin = static_cast<const std::byte*>(from);
  bytes_.insert(bytes_.end(), begin, begin + size);
}

std::uint64_t WireReader::number(std::uint64_t most) {
  const auto value = plain<std::uint64_t>();
  check(value <= most);
  return refused_ ? 0 : value;
}

std::string WireReader::text() {
  const std::span<const std::byte> bytes = take(static_cast<std::size_t>(number(kMostText)));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A backslash is left: it is that of a name which has been escaped already.
std::string WireReader::sentence() {
  const std::string written = text();
  std::string harmless;
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(written.find('\\', begin), written.size());
    harmless += escape(std::string_view(written).substr(begin, end - begin));
    if (end == written.size()) return harmless;
    harmless += '\\';
    begin = end + 1;
  }
}

std::size_t WireReader::count(std::size_t least_bytes) {
  return static_cast<std::size_t>(number(rest_.size() / least_bytes));
}

void WireReader::refuse() {
  refused_ = true;
  rest_ = {};
}

std::span<const std::byte> WireReader::take(std::size_t size) {
  check(size <= rest_.size());
  if (refused_) return {};
  const std::span<const std::byte> taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

}  // namespace triptych::coroutine::reader
