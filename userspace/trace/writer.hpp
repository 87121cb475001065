// SPDX-License-Identifier: Apache-2.0
//
// Writes a trace file (docs/trace-format.md) while it is being recorded. Every chunk is complete
// and checksummed on its own, so whatever has been written is readable when the recorder is killed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "model/metadata.hpp"

namespace triptych::trace {

class Writer {
 public:
  // Takes over `fd`, an empty regular file open for writing (not O_APPEND), and writes the header,
  // the room for the ending and the metadata. `streams` is the number of rings.
  static Result<Writer> create(UniqueFd fd, const model::Metadata& metadata, std::uint32_t streams);

  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  ~Writer();  // leaves an unfinished, readable file behind

  // Appends one raw record (bpf/abi/events.h) of a ring. Whole records only. Once a write has
  // failed, this and flush return the same error again, and the records count as lost.
  Result<void> append(std::uint32_t stream, std::span<const std::byte> record);

  // Writes out what append has gathered for longer than `max_age_ns`; 0 writes all.
  Result<void> flush(std::uint64_t now_ns, std::uint64_t max_age_ns);

  // Writes the rest and the ending; after a failed append or flush (a full disk) it still tries to
  // write the ending into the room that was set aside for it. Its disk_lost becomes records_lost()
  // where that is more.
  Result<void> finish(const model::Ending& ending);

  [[nodiscard]] std::uint64_t records() const;
  // Of these, and not lost: those that are no events, but tell what stacks and code are.
  [[nodiscard]] std::uint64_t records_of_stacks() const;
  [[nodiscard]] std::uint64_t bytes_written() const;
  // Appended, but not in the file, and never will be.
  [[nodiscard]] std::uint64_t records_lost() const;

 private:
  struct Impl;
  explicit Writer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace triptych::trace
