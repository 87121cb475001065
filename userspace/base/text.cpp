// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <limits>

namespace triptych {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

bool is_continuation(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  // bytes; 0 where the text is not valid UTF-8
};

CodePoint decode_utf8(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  std::size_t length = 0;
  std::uint32_t value = 0;
  if ((lead & 0xe0) == 0xc0) {
    length = 2;
    value = lead & 0x1f;
  } else if ((lead & 0xf0) == 0xe0) {
    length = 3;
    value = lead & 0x0f;
  } else if ((lead & 0xf8) == 0xf0) {
    length = 4;
    value = lead & 0x07;
  }
  if (length == 0 || text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (!is_continuation(byte)) return {};
    value = value << 6 | (byte & 0x3f);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kSmallest[length] || value > 0x10ffff || surrogate) return {};
  return {value, length};
}

bool is_control(std::uint32_t value) {
  return value < 0x20 || (value >= 0x7f && value <= 0x9f) || (value >= 0x202a && value <= 0x202e) ||
         (value >= 0x2066 && value <= 0x2069);
}

void append_hex(std::string& out, char byte) {
  fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(byte));
}

bool is_plain(char byte) {
  return byte >= 0x20 && byte < 0x7f && byte != '\\';
}

void append_escaped(std::string& out, std::string_view raw) {
  while (!raw.empty()) {
    // Most texts are nothing else.
    const auto* const special = std::find_if_not(raw.begin(), raw.end(), is_plain);
    const auto plain = static_cast<std::size_t>(special - raw.begin());
    out += raw.substr(0, plain);
    raw.remove_prefix(plain);
    if (raw.empty()) return;
    const CodePoint point = decode_utf8(raw);
    const std::size_t length = point.length == 0 ? 1 : point.length;
    if (point.length == 1 && raw[0] == '\n') {
      out += "\\n";
    } else if (point.length == 1 && raw[0] == '\t') {
      out += "\\t";
    } else if (point.length == 1 && raw[0] == '\\') {
      out += "\\\\";
    } else if (point.length == 0 || is_control(point.value)) {
      for (const char byte : raw.substr(0, length)) append_hex(out, byte);
    } else {
      out += raw.substr(0, length);
    }
    raw.remove_prefix(length);
  }
}

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

// The byte that `\xNN` at the beginning of `text` stands for; -1 where escape never writes that.
int hex_escape(std::string_view text) {
  if (text.size() < 4 || text[1] != 'x') return -1;
  const int high = hex_digit(text[2]);
  const int low = hex_digit(text[3]);
  if (high < 0 || low < 0) return -1;
  const int byte = high * 16 + low;
  const bool printable = (byte >= 0x20 && byte < 0x7f) || byte == '\n' || byte == '\t';
  return printable ? -1 : byte;
}

// Digits at the beginning of `text`, taken off it; false when there are none or they do not fit.
bool take_number(std::string_view& text, std::uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::string escape(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  append_escaped(out, raw);
  return out;
}

std::string quote(std::string_view raw) {
  if (!raw.empty() && raw.find_first_of(" \"'") == std::string_view::npos) return escape(raw);
  std::string out = "\"";
  for (std::size_t begin = 0; begin <= raw.size();) {
    const std::size_t end = std::min(raw.find('"', begin), raw.size());
    append_escaped(out, raw.substr(begin, end - begin));
    if (end < raw.size()) out += "\\\"";
    begin = end + 1;
  }
  out += '"';
  return out;
}

std::string unescape(std::string_view escaped) {
  std::string out;
  out.reserve(escaped.size());
  while (!escaped.empty()) {
    std::size_t taken = 1;
    char byte = escaped[0];
    if (byte == '\\' && escaped.size() >= 2) {
      taken = 2;
      if (escaped[1] == 'n') {
        byte = '\n';
      } else if (escaped[1] == 't') {
        byte = '\t';
      } else if (const int value = hex_escape(escaped); value >= 0) {
        byte = static_cast<char>(value);
        taken = 4;
      } else if (escaped[1] != '\\') {
        taken = 1;
      }
    }
    out += byte;
    escaped.remove_prefix(taken);
  }
  return out;
}

std::string format_duration_ns(std::uint64_t ns) {
  if (ns < 1000) return fmt::format("{} ns", ns);
  constexpr std::array<std::string_view, 3> kUnits{"us", "ms", "s"};
  auto value = static_cast<double>(ns) / 1e3;
  std::size_t unit = 0;
  // 999.5 would be written with four digits: it belongs to the next unit.
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1e3;
    ++unit;
  }
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, kUnits[unit]);
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array<std::string_view, 6> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string format_count(std::uint64_t count) {
  std::string out = fmt::format("{}", count);
  for (std::size_t at = out.size(); at > 3;) {
    at -= 3;
    out.insert(at, 1, ',');
  }
  return out;
}

std::string counted(std::uint64_t count, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", format_count(count), count == 1 ? singular : plural);
}

std::string listed(const std::set<std::string>& names, std::size_t most) {
  std::string list;
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (count++ == most) {
      return list + fmt::format(" and {} more", names.size() - most);
    }
    list += (list.empty() ? "" : ", ") + name;
  }
  return list;
}

bool parse_bytes(std::string_view text, std::uint64_t* bytes) {
  std::uint64_t number = 0;
  if (!take_number(text, &number) || text.size() > 1) return false;
  unsigned shift = 0;
  if (!text.empty()) {
    constexpr std::string_view kUnits = "KMGTkmgt";
    const std::size_t unit = kUnits.find(text[0]);
    if (unit == std::string_view::npos) return false;
    shift = static_cast<unsigned>(unit % 4 + 1) * 10;
  }
  if (number > kMax >> shift) return false;
  *bytes = number << shift;
  return true;
}

bool is_zero_duration(std::string_view text) {
  const std::size_t end = std::min(text.find_first_not_of("0."), text.size());
  std::uint64_t ns = 0;
  return text.starts_with('0') && !text.substr(0, end).ends_with('.') &&
         std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '.') <= 1 &&
         parse_duration_ns("1" + std::string(text.substr(end)), &ns);
}

bool parse_duration_ns(std::string_view text, std::uint64_t* ns) {
  std::uint64_t whole = 0;
  if (!take_number(text, &whole)) return false;
  std::string_view fraction;
  if (!text.empty() && text[0] == '.') {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    fraction = text.substr(1, end - 1);
    if (fraction.empty()) return false;
    text.remove_prefix(end);
  }
  std::uint64_t unit = 0;
  if (text.empty() || text == "s") unit = 1'000'000'000;
  if (text == "ns") unit = 1;
  if (text == "us") unit = 1'000;
  if (text == "ms") unit = 1'000'000;
  if (text == "m") unit = 60'000'000'000;
  if (text == "h") unit = 3'600'000'000'000;
  if (unit == 0 || whole > kMax / unit) return false;
  std::uint64_t part = 0;
  std::uint64_t scale = 1;
  // Six digits: finer than that would not fit beside the largest unit.
  for (const char digit : fraction.substr(0, 6)) {
    part = part * 10 + static_cast<std::uint64_t>(digit - '0');
    scale *= 10;
  }
  part = part * unit / scale;
  if (whole * unit > kMax - part) return false;
  const std::uint64_t total = whole * unit + part;
  if (total == 0) return false;
  *ns = total;
  return true;
}

}  // namespace triptych
