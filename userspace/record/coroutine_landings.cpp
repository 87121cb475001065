// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_landings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/text.hpp"
#include "coroutine/probes/mapped_files.hpp"
#include "record/coroutine_readers.hpp"

namespace triptych::record {
namespace {

// Of a file among those that are probed, which its coroutines may return to.
struct ReturnPlace {
  std::size_t file = 0;
  std::uint64_t at = 0;
  bool is_offset = false;  // and no address
};

std::optional<ReturnPlace> find_place(const std::vector<ProbedFile>& files,
                                      const triptych_cpp_return& place) {
  ReturnPlace found{place.file - std::size_t{1}, place.address, false};
  if (place.file == 0) {
    const auto mapped =
        coroutine::probes::mapping_at(static_cast<pid_t>(place.tgid), place.address);
    if (!mapped) return std::nullopt;
    const auto file = std::find_if(files.begin(), files.end(), [&](const ProbedFile& each) {
      return each.file.device == mapped->device && each.file.inode == mapped->inode;
    });
    found = {static_cast<std::size_t>(file - files.begin()), mapped->offset, true};
  }
  if (found.file >= files.size()) return std::nullopt;
  const CoroutineRuntime* runtime = files[found.file].runtime;
  if (runtime == nullptr || !runtime->learns) return std::nullopt;
  return found;
}

}  // namespace

Result<void> CoroutineLandings::start(const launch::User& caller, bool dear_ones) {
  dear_ones_ = dear_ones;
  TRIPTYCH_TRY_ASSIGN(reader_, start_reader(caller));
  return {};
}

bool CoroutineLandings::cover(probe::CoroutinePrograms& programs,
                              const std::vector<ProbedFile>& files,
                              const triptych_cpp_return& place) {
  const std::optional<ReturnPlace> where = find_place(files, place);
  if (!where || !reader_) return false;
  const ProbedFile& file = files[where->file];
  const auto number = static_cast<std::uint32_t>(where->file);
  const auto landing = reader_->find_landing(
      file.file, {number, *file.runtime->id, where->is_offset, where->at, dear_ones_});
  if (!landing || !landing->address) return false;
  if (!landing->place) {
    tell_uncovered(file);
    return false;
  }
  probe::UserProbe probe{landing->place->offset, landing->place->site, landing->place->watchers};
  probe.site.file = number;
  if (!programs.attach(file.runtime->program, file.file.fd(), std::span(&probe, 1))) return false;
  if (place.file == 0) {
    // Whoever else maps the file returns there, too.
    programs.settle_return({*landing->address, number + 1, 0}, TRIPTYCH_CPP_RETURN_COVERED);
  }
  return true;
}

// Once for each file.
void CoroutineLandings::tell_uncovered(const ProbedFile& file) {
  if (!uncovered_.insert(file.path).second) return;
  news_.push_back(fmt::format(
      "until when some {} run is not known: {} has no cheap place to probe where they return to{}",
      file.runtime->coroutines, quote(file.path),
      dear_ones_ ? ""
                 : fmt::format("; --coroutines uprobe:{} takes a dear one", file.runtime->name)));
}

std::vector<std::string> CoroutineLandings::take_news() {
  if (reader_ && !reader_->runs()) {
    reader_.reset();
    news_.emplace_back(
        "until when coroutines run that return to where none was seen to return yet is not known: "
        "the reader of their programs ended");
  }
  return std::exchange(news_, {});
}

}  // namespace triptych::record
