// SPDX-License-Identifier: Apache-2.0
#include "trace/text_source.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/text.hpp"
#include "trace/counters_quality.hpp"
#include "trace/metadata_json.hpp"
#include "trace/text_event.hpp"
#include "trace/text_writer.hpp"

namespace triptych::trace {
namespace {

using model::Quality;

constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kMaxLineBytes = std::size_t{2} << 20;

class LineReader {
 public:
  explicit LineReader(UniqueFd fd) : fd_(std::move(fd)) {}

  // The next line without its line feed, valid until the next call; false at the end of the input,
  // after an error, or when a line is too long.
  bool next(std::string_view& line) {
    for (;;) {
      const std::size_t feed = buffer_.find('\n', searched_);
      if (feed != buffer_.npos) {
        line = std::string_view(buffer_).substr(begin_, feed - begin_);
        begin_ = searched_ = feed + 1;
        ++number_;
        return true;
      }
      searched_ = buffer_.size();
      if (searched_ - begin_ > kMaxLineBytes) {
        ++number_;
        too_long_ = true;
        return false;
      }
      if (!fill()) break;
    }
    if (error_ != 0 || begin_ == buffer_.size()) return false;
    line = std::string_view(buffer_).substr(begin_);  // the last one, without a line feed
    begin_ = searched_ = buffer_.size();
    ++number_;
    return true;
  }

  [[nodiscard]] std::uint64_t number() const { return number_; }  // of the last line, from 1
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] bool too_long() const { return too_long_; }

 private:
  bool fill() {
    buffer_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
    const std::size_t size = buffer_.size();
    buffer_.resize(size + kReadBytes);
    ssize_t done;
    do {
      done = ::read(fd_.get(), buffer_.data() + size, kReadBytes);
    } while (done < 0 && errno == EINTR);
    if (done < 0) error_ = errno;
    buffer_.resize(size + (done > 0 ? static_cast<std::size_t>(done) : 0));
    return done > 0;
  }

  UniqueFd fd_;
  std::string buffer_;
  std::size_t begin_ = 0;     // of the next line
  std::size_t searched_ = 0;  // no line feed between begin_ and here
  std::uint64_t number_ = 0;
  int error_ = 0;
  bool too_long_ = false;
};

class TextSource final : public Source {
 public:
  TextSource(UniqueFd fd, std::string name) : lines_(std::move(fd)), name_(std::move(name)) {}

  // Reads the first line, and on to the first event.
  void begin();

  [[nodiscard]] const model::Metadata& metadata() const override { return metadata_; }
  bool next(model::Event& event) override;
  [[nodiscard]] const std::optional<model::Ending>& ending() const override { return ending_; }
  [[nodiscard]] const model::DataQuality& quality() const override { return quality_; }
  [[nodiscard]] std::uint64_t stored_bytes() const override { return 0; }
  [[nodiscard]] const std::optional<Error>& error() const override { return error_; }

 private:
  bool read_event(model::Event& event);
  void read_comment(std::string_view line);
  void fail_line(std::string_view problem);
  void finish();

  LineReader lines_;
  std::string name_;
  model::Metadata metadata_;
  std::optional<model::Ending> ending_;
  model::DataQuality quality_;
  std::optional<model::DataQuality> stored_quality_;
  std::optional<model::Event> first_;
  std::optional<Error> error_;
  std::uint64_t last_ts_ns_ = 0;
  bool has_events_ = false;
  bool finished_ = false;
};

void TextSource::fail_line(std::string_view problem) {
  error_ = Error{ErrorCode::kUsage, fmt::format("{}, line {}: {}", name_, lines_.number(), problem),
                 "docs/text-trace.md describes the form"};
}

void TextSource::read_comment(std::string_view line) {
  std::uint64_t bad_fields = 0;
  bool good = true;
  if (line.starts_with(kMetadataPrefix)) {
    if (has_events_) return fail_line("the metadata must come before the first event");
    good = from_json(line.substr(kMetadataPrefix.size()), metadata_, bad_fields);
  } else if (line.starts_with(kEndingPrefix)) {
    good = from_json(line.substr(kEndingPrefix.size()), ending_.emplace(), bad_fields);
  } else if (line.starts_with(kQualityPrefix)) {
    good = from_json(line.substr(kQualityPrefix.size()), stored_quality_.emplace(), bad_fields);
  }
  quality_.add(Quality::malformed_records, bad_fields);
  if (!good) fail_line("this is not a JSON object");
}

bool TextSource::read_event(model::Event& event) {
  std::string_view line;
  while (!error_ && lines_.next(line)) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (line[0] == '#') {
      read_comment(line);
      continue;
    }
    has_events_ = true;
    std::string problem;
    if (!parse_text_event(line, event, problem)) {
      fail_line(problem);
      return false;
    }
    if (event.ts_ns < last_ts_ns_) {
      fail_line(fmt::format("time goes backwards, from {} to {}", last_ts_ns_, event.ts_ns));
      return false;
    }
    last_ts_ns_ = event.ts_ns;
    return true;
  }
  if (!error_ && lines_.too_long()) fail_line("the line is too long");
  if (!error_ && lines_.error() != 0) error_ = system_error("cannot read " + name_, lines_.error());
  return false;
}

void TextSource::begin() {
  std::string_view line;
  if (!lines_.next(line)) line = {};
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!line.starts_with(kTextMagic)) {
    error_ = Error{ErrorCode::kUsage, name_ + " is not a text trace",
                   fmt::format("its first line must be '{}{}'; a trace file cannot be read from a "
                               "pipe, only by its name",
                               kTextMagic, kTextVersion)};
    if (lines_.error() != 0) error_ = system_error("cannot read " + name_, lines_.error());
    return;
  }
  if (line.substr(kTextMagic.size()) != kTextVersion) {
    return fail_line(fmt::format("version {} of the text form; this triptych reads version {}",
                                 escape(line.substr(kTextMagic.size(), 20)), kTextVersion));
  }
  model::Event event;
  if (read_event(event)) first_ = event;
}

bool TextSource::next(model::Event& event) {
  bool found = false;
  if (first_) {
    event = *first_;
    first_.reset();
    found = true;
  } else {
    found = !finished_ && read_event(event);
  }
  if (!found) {
    finish();
    return false;
  }
  if (const auto* lost = std::get_if<model::Lost>(&event.payload)) add_lost(*lost, quality_);
  return true;
}

void TextSource::finish() {
  if (finished_) return;
  finished_ = true;
  if (stored_quality_) {
    quality_ = *stored_quality_;
  } else if (ending_) {
    // The recorder's own account has what the LOST events say, and more.
    const model::DataQuality read = quality_;
    quality_ = {};
    for (const Quality each : {Quality::malformed_records, Quality::missing_records}) {
      quality_.set(each, read[each]);
    }
    add_counters(ending_->counters, metadata_, quality_);
  }
}

}  // namespace

Result<std::unique_ptr<Source>> open_text_source(UniqueFd fd, const std::string& name) {
  auto source = std::make_unique<TextSource>(std::move(fd), name);
  source->begin();
  if (source->error()) return tl::unexpected<Error>(*source->error());
  return std::unique_ptr<Source>(std::move(source));
}

}  // namespace triptych::trace
