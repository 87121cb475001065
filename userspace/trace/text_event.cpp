// SPDX-License-Identifier: Apache-2.0
#include "trace/text_event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "trace/fields.hpp"

namespace triptych::trace {
namespace {

struct Token {
  std::string_view key;
  std::string_view value;  // with its quotes, if it has any
  bool has_value = false;
  bool used = false;
};

// Where the quoted string at the beginning of `text` ends, or npos.
std::size_t quoted_end(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

// Takes the next token off `line`; false at its end, or with a problem.
bool take_token(std::string_view& line, Token& token, std::string& problem) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  if (line.empty()) return false;
  token = {};
  std::size_t end = std::min(line.find_first_of(" ="), line.size());
  token.key = line.substr(0, end);
  line.remove_prefix(end);
  if (line.empty() || line[0] != '=') return true;
  line.remove_prefix(1);
  token.has_value = true;
  const bool quoted = !line.empty() && line[0] == '"';
  end = quoted ? quoted_end(line) : std::min(line.find(' '), line.size());
  if (end == std::string_view::npos) {
    problem = fmt::format("the quotes of {} are not closed", escape(token.key));
    return false;
  }
  token.value = line.substr(0, end);
  line.remove_prefix(end);
  if (quoted && !line.empty() && line[0] != ' ') {
    problem = fmt::format("something follows the quotes of {}", escape(token.key));
    return false;
  }
  return true;
}

template <class T>
bool parse_number(std::string_view text, T& out) {
  int base = 10;
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    base = 16;
  }
  const char* end = text.data() + text.size();
  if (base == 16 && text.starts_with('-')) return false;
  const auto [stop, error] = std::from_chars(text.data(), end, out, base);
  return error == std::errc{} && stop == end;
}

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// False when there is an escape that the text form does not have.
bool parse_string(std::string_view text, std::string& out) {
  if (!text.starts_with('"')) {
    out = text;
    return true;
  }
  text = text.substr(1, text.size() - 2);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      out += text[at];
      continue;
    }
    const char kind = ++at < text.size() ? text[at] : '\0';
    if (kind == 'n') {
      out += '\n';
    } else if (kind == 't') {
      out += '\t';
    } else if (kind == '"' || kind == '\\') {
      out += kind;
    } else if (kind == 'x' && text.size() - at > 2 && hex_digit(text[at + 1]) >= 0 &&
               hex_digit(text[at + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]));
      at += 2;
    } else {
      return false;
    }
  }
  return true;
}

// An address, or SYMBOL+OFFSET.
bool parse_frame(std::string_view text, bool symbols, std::uint64_t& out) {
  if (!symbols) return parse_number(text, out);
  const std::size_t plus = text.find('+');
  model::KernelFrame frame;
  if (plus == text.npos || !parse_number(text.substr(0, plus), frame.symbol) ||
      !parse_number(text.substr(plus + 1), frame.offset)) {
    return false;
  }
  out = frame.coded();
  return true;
}

// Fills a payload's fields from the tokens; a field without a token keeps its default.
class FieldReader {
 public:
  FieldReader(std::vector<Token>& tokens, std::string& problem)
      : tokens_(tokens), problem_(problem) {}

  template <class T>
  void number(std::string_view name, T& out) {
    const Token* token = find(name, true);
    if (token == nullptr) return;
    if constexpr (std::is_enum_v<T>) {
      auto value = static_cast<std::underlying_type_t<T>>(out);
      if (!parse_number(token->value, value)) bad_value(*token);
      out = static_cast<T>(value);
    } else {
      if (!parse_number(token->value, out)) bad_value(*token);
    }
  }
  template <class T>
  void number_or(std::string_view name, T& out, T /*absent*/) {
    number(name, out);
  }
  template <class T>
  void hex(std::string_view name, T& out) {
    number(name, out);
  }
  void flag(std::string_view name, bool& out) {
    if (find(name, false) != nullptr) out = true;
  }
  template <std::size_t N>
  void text(std::string_view name, model::FixedString<N>& out) {
    std::string value;
    if (!string(name, N, value)) return;
    if (value.find('\0') != value.npos) report(fmt::format("{} contains a NUL", name));
    out.assign(value);
  }
  void arguments(std::string_view name, model::TaskExec& exec) {
    std::string value;
    if (!string(name, exec.args.size(), value)) return;
    exec.args_size = static_cast<std::uint32_t>(value.size());
    value.copy(exec.args.data(), value.size());
  }
  template <class T>
  void build_id(std::string_view name, T& file) {
    const Token* token = find(name, true);
    if (token == nullptr) return;
    const std::string_view digits = token->value;
    if (!parse_bytes(digits, file.build_id)) return bad_value(*token);
    file.build_id_size = static_cast<std::uint8_t>(digits.size() / 2);
  }
  template <std::size_t N>
  void bytes(std::string_view name, std::array<std::uint8_t, N>& out) {
    const Token* token = find(name, true);
    if (token != nullptr && !parse_bytes(token->value, out)) bad_value(*token);
  }
  void frames(std::string_view name, model::Stack& stack) {
    const Token* token = find(name, true);
    if (token == nullptr) return;
    std::string_view rest = token->value;
    for (;;) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (stack.frames == stack.frame.size() ||
          !parse_frame(rest.substr(0, comma), stack.symbols, stack.frame[stack.frames])) {
        return bad_value(*token);
      }
      ++stack.frames;
      if (comma == rest.size()) return;
      rest.remove_prefix(comma + 1);
    }
  }
  template <class T>
  void choice(std::string_view name, T& out, const ChoiceNames& names) {
    const Token* token = find(name, true);
    if (token == nullptr) return;
    const auto found = std::find(names.names.begin(), names.names.end(), token->value);
    if (token->value.empty() || found == names.names.end()) return bad_value(*token);
    out = static_cast<T>(names.first + static_cast<unsigned>(found - names.names.begin()));
  }
  template <class T, std::size_t N>
  void list(std::string_view name, std::array<T, N>& out) {
    const Token* token = find(name, true);
    if (token == nullptr) return;
    std::string_view rest = token->value;
    for (std::size_t i = 0;; ++i) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (i == N || !parse_number(rest.substr(0, comma), out[i])) return bad_value(*token);
      if (comma == rest.size()) return;
      rest.remove_prefix(comma + 1);
    }
  }

  template <std::size_t N>
  void hex_list(std::string_view name, std::array<std::uint64_t, N>& out) {
    list(name, out);
  }

  void reject_unused(std::string_view kind) {
    for (const Token& token : tokens_) {
      if (token.used) continue;
      const bool twice = std::any_of(tokens_.begin(), tokens_.end(), [&](const Token& other) {
        return other.used && other.key == token.key;
      });
      report(twice ? fmt::format("{} is there twice", token.key)
                   : fmt::format("{} has no field '{}'", kind, escape(token.key)));
    }
  }

 private:
  static bool parse_bytes(std::string_view digits, std::span<std::uint8_t> out) {
    if (digits.size() % 2 != 0 || digits.size() / 2 > out.size()) return false;
    for (std::size_t i = 0; i < digits.size() / 2; ++i) {
      const int high = hex_digit(digits[2 * i]);
      const int low = hex_digit(digits[2 * i + 1]);
      if (high < 0 || low < 0) return false;
      out[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
  }
  const Token* find(std::string_view name, bool with_value) {
    for (Token& token : tokens_) {
      if (token.used || token.key != name) continue;
      token.used = true;
      if (token.has_value == with_value) return &token;
      report(fmt::format("{} {} a value", name, with_value ? "needs" : "does not take"));
      return nullptr;
    }
    return nullptr;
  }

  bool string(std::string_view name, std::size_t max, std::string& out) {
    const Token* token = find(name, true);
    if (token == nullptr) return false;
    if (!parse_string(token->value, out)) {
      bad_value(*token);
      return false;
    }
    if (out.size() <= max) return true;
    report(fmt::format("{} is longer than {} bytes", name, max));
    return false;
  }

  void bad_value(const Token& token) {
    report(fmt::format("{} cannot be '{}'", token.key, escape(token.value.substr(0, 80))));
  }
  void report(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  std::vector<Token>& tokens_;
  std::string& problem_;
};

template <std::size_t I = 0>
void emplace_payload(std::size_t kind, model::Payload& payload) {
  if constexpr (I < std::variant_size_v<model::Payload>) {
    if (kind == I) {
      payload.emplace<I>();
    } else {
      emplace_payload<I + 1>(kind, payload);
    }
  }
}

bool parse_head_number(std::string_view& line, std::string_view key, std::uint64_t max,
                       std::uint64_t& out, std::string& problem) {
  Token token;
  const bool found = take_token(line, token, problem) && token.key == key && token.has_value;
  if (found && parse_number(token.value, out) && out <= max) return true;
  if (problem.empty()) problem = fmt::format("{}=N is expected here", key);
  return false;
}

}  // namespace

bool parse_text_event(std::string_view line, model::Event& event, std::string& problem) {
  problem.clear();
  Token token;
  if (!take_token(line, token, problem) || token.has_value ||
      !parse_number(token.key, event.ts_ns)) {
    if (problem.empty()) problem = "a time in ns is expected at the beginning of the line";
    return false;
  }
  std::uint64_t cpu = 0;
  std::uint64_t task = 0;
  if (!parse_head_number(line, "cpu", std::numeric_limits<std::uint16_t>::max(), cpu, problem) ||
      !parse_head_number(line, "task", std::numeric_limits<std::uint32_t>::max(), task, problem)) {
    return false;
  }
  event.cpu = static_cast<std::uint16_t>(cpu);
  event.task = model::TaskId{static_cast<std::uint32_t>(task)};
  if (!take_token(line, token, problem)) {
    if (problem.empty()) problem = "the kind of event is missing";
    return false;
  }
  const auto kind = std::find(kKindNames.begin(), kKindNames.end(), token.key);
  if (kind == kKindNames.end() || token.has_value) {
    problem = fmt::format("there is no kind of event '{}'", escape(token.key.substr(0, 80)));
    return false;
  }
  std::vector<Token> tokens;
  while (take_token(line, token, problem)) tokens.push_back(token);
  if (!problem.empty()) return false;
  emplace_payload(static_cast<std::size_t>(kind - kKindNames.begin()), event.payload);
  FieldReader reader(tokens, problem);
  std::visit([&reader](auto& payload) { visit_fields(payload, reader); }, event.payload);
  reader.reject_unused(*kind);
  return problem.empty();
}

}  // namespace triptych::trace
