// SPDX-License-Identifier: Apache-2.0
#include "export/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace triptych::exports {

Result<std::string> gzip(std::string_view content) {
  constexpr int kGzip = 15 + 16;  // the largest window, and a gzip header instead of zlib's own
  constexpr int kDefaultMemory = 8;
  constexpr std::size_t kMostAtOnce = 1u << 30;  // zlib counts in 32 bits
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, kDefaultMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return fail("cannot compress: zlib refuses");
  }
  std::string out;
  std::array<char, 1u << 16> buffer;
  int status = Z_OK;
  do {
    const std::size_t length = std::min(content.size(), kMostAtOnce);
    // zlib does not write there, but takes no pointer to const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(length);
    content.remove_prefix(length);
    do {
      stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream.avail_out = static_cast<uInt>(buffer.size());
      status = deflate(&stream, content.empty() ? Z_FINISH : Z_NO_FLUSH);
      out.append(buffer.data(), buffer.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  } while (!content.empty());
  deflateEnd(&stream);
  if (status != Z_STREAM_END) return fail("cannot compress: zlib failed");
  return out;
}

}  // namespace triptych::exports
