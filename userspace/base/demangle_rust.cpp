// SPDX-License-Identifier: Apache-2.0
#include "base/demangle_rust.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace triptych {
namespace {

// A name says its parts again by where they stand, so that a short one can stand for one without
// end.
constexpr std::size_t kMostRust = 4096;
constexpr int kMostRustDepth = 100;
constexpr int kMostRustSteps = 5000;

// The grammar is that of Rust's RFC 2603; letters and names of the functions are its own.
class Demangler {
 public:
  explicit Demangler(std::string_view name) : in_(name) {}

  std::optional<std::string> run() {
    path(true);
    if (failed_ || out_.size() > kMostRust) return std::nullopt;
    return std::move(out_);
  }

 private:
  struct Identifier {
    std::string_view text;
    std::uint64_t disambiguator = 0;
  };

  [[nodiscard]] char peek() const { return at_ < in_.size() ? in_[at_] : '\0'; }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  char next() {
    if (at_ >= in_.size()) failed_ = true;
    return failed_ ? '\0' : in_[at_++];
  }
  void put(std::string_view text) {
    out_ += text;
    if (out_.size() > kMostRust) failed_ = true;
  }

  std::uint64_t base_62();
  std::uint64_t optional_base_62(char tag) { return take(tag) ? base_62() + 1 : 0; }
  std::uint64_t decimal();
  Identifier identifier();
  template <class F>
  void back_reference(F again);
  void path(bool in_value);
  void nested(bool in_value);
  void generic_arguments();
  void generic_argument();
  void type();
  void reference(bool is_mutable);
  void tuple();
  void function();
  void dynamic_traits();
  void constant();
  bool enter();

  std::string_view in_;
  std::size_t at_ = 0;
  std::string out_;
  bool failed_ = false;
  int depth_ = 0;
  int steps_ = 0;
};

bool Demangler::enter() {
  if (++steps_ > kMostRustSteps || depth_ > kMostRustDepth) failed_ = true;
  return !failed_;
}

std::uint64_t Demangler::base_62() {
  if (take('_')) return 0;
  std::uint64_t value = 0;
  for (char c = next(); c != '_' && !failed_; c = next()) {
    std::uint64_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'z') {
      digit = static_cast<std::uint64_t>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'Z') {
      digit = static_cast<std::uint64_t>(c - 'A') + 36;
    } else {
      failed_ = true;
    }
    value = value * 62 + digit;
  }
  return value + 1;
}

std::uint64_t Demangler::decimal() {
  if (peek() < '0' || peek() > '9') failed_ = true;
  if (take('0')) return 0;
  std::uint64_t value = 0;
  while (peek() >= '0' && peek() <= '9' && value < kMostRust) {
    value = value * 10 + static_cast<std::uint64_t>(next() - '0');
  }
  return value;
}

Demangler::Identifier Demangler::identifier() {
  Identifier result;
  result.disambiguator = optional_base_62('s');
  take('u');  // in Punycode, and so it is shown
  const std::uint64_t size = decimal();
  take('_');
  if (failed_ || size > in_.size() - at_) {
    failed_ = true;
    return result;
  }
  result.text = in_.substr(at_, size);
  at_ += size;
  return result;
}

// The same again as what begins there, which is before.
template <class F>
void Demangler::back_reference(F again) {
  const std::size_t here = at_ - 1;
  const std::uint64_t target = base_62();
  if (failed_ || target >= here) {
    failed_ = true;
    return;
  }
  const std::size_t after = std::exchange(at_, static_cast<std::size_t>(target));
  again();
  at_ = after;
}

void Demangler::nested(bool in_value) {
  const char space = next();
  path(in_value);
  const Identifier name = identifier();
  if (failed_) return;
  if (space >= 'a' && space <= 'z') {
    if (!name.text.empty()) put(fmt::format("::{}", name.text));
    return;
  }
  const std::string_view what = space == 'C' ? "closure" : space == 'S' ? "shim" : "";
  const std::string number = fmt::format("#{}", name.disambiguator);
  put(fmt::format("::{{{}{}{}{}}}", what.empty() ? std::string(1, space) : std::string(what),
                  name.text.empty() ? "" : ":", name.text, number));
}

void Demangler::path(bool in_value) {
  if (!enter()) return;
  ++depth_;
  switch (next()) {
    case 'C':
      put(identifier().text);
      break;
    case 'N':
      nested(in_value);
      break;
    case 'M':
    case 'X': {
      const bool of_trait = in_[at_ - 1] == 'X';
      optional_base_62('s');
      const std::size_t size = out_.size();
      path(false);  // where the implementation stands
      out_.resize(std::min(size, out_.size()));
      put("<");
      type();
      if (of_trait) {
        put(" as ");
        path(false);
      }
      put(">");
      break;
    }
    case 'Y':
      put("<");
      type();
      put(" as ");
      path(false);
      put(">");
      break;
    case 'I':
      path(in_value);
      put(in_value ? "::<" : "<");
      generic_arguments();
      put(">");
      break;
    case 'B':
      back_reference([this, in_value] { path(in_value); });
      break;
    default:
      failed_ = true;
  }
  --depth_;
}

void Demangler::generic_arguments() {
  for (bool first = true; !failed_ && !take('E'); first = false) {
    if (!first) put(", ");
    generic_argument();
  }
}

void Demangler::generic_argument() {
  if (take('L')) {
    base_62();
    put("'_");
  } else if (take('K')) {
    constant();
  } else {
    type();
  }
}

const char* basic_type(char letter) {
  constexpr std::pair<char, const char*> kTypes[] = {
      {'b', "bool"}, {'c', "char"}, {'e', "str"},  {'u', "()"},    {'a', "i8"},  {'s', "i16"},
      {'l', "i32"},  {'x', "i64"},  {'n', "i128"}, {'i', "isize"}, {'h', "u8"},  {'t', "u16"},
      {'m', "u32"},  {'y', "u64"},  {'o', "u128"}, {'j', "usize"}, {'f', "f32"}, {'d', "f64"},
      {'z', "!"},    {'p', "_"},    {'v', "..."}};
  for (const auto& [each, name] : kTypes) {
    if (each == letter) return name;
  }
  return nullptr;
}

void Demangler::reference(bool is_mutable) {
  if (take('L')) base_62();
  put(is_mutable ? "&mut " : "&");
  type();
}

void Demangler::tuple() {
  put("(");
  std::size_t members = 0;
  for (; !failed_ && !take('E'); ++members) {
    if (members != 0) put(", ");
    type();
  }
  put(members == 1 ? ",)" : ")");
}

void Demangler::function() {
  optional_base_62('G');
  if (take('U')) put("unsafe ");
  if (take('K')) {
    std::string abi = take('C') ? std::string("C") : std::string(identifier().text);
    std::replace(abi.begin(), abi.end(), '_', '-');
    put(fmt::format("extern \"{}\" ", abi));
  }
  put("fn(");
  for (bool first = true; !failed_ && !take('E'); first = false) {
    if (!first) put(", ");
    type();
  }
  put(")");
  if (take('u')) return;  // returns nothing
  put(" -> ");
  type();
}

void Demangler::dynamic_traits() {
  put("dyn ");
  optional_base_62('G');
  for (bool first = true; !failed_ && !take('E'); first = false) {
    if (!first) put(" + ");
    path(false);
    bool open = false;
    while (!failed_ && take('p')) {
      // What a trait's associated types are, in its own brackets.
      if (!open && !out_.empty() && out_.back() == '>') {
        out_.pop_back();
        put(", ");
      } else {
        put(open ? ", " : "<");
      }
      open = true;
      put(identifier().text);
      put(" = ");
      type();
    }
    if (open) put(">");
  }
  if (take('L')) base_62();
}

void Demangler::type() {
  if (!enter()) return;
  const char letter = peek();
  if (const char* basic = basic_type(letter)) {
    ++at_;
    return put(basic);
  }
  ++depth_;
  switch (letter) {
    case 'A':
    case 'S':
      ++at_;
      put("[");
      type();
      if (letter == 'A') {
        put("; ");
        constant();
      }
      put("]");
      break;
    case 'T':
      ++at_;
      tuple();
      break;
    case 'R':
    case 'Q':
      ++at_;
      reference(letter == 'Q');
      break;
    case 'P':
    case 'O':
      ++at_;
      put(letter == 'P' ? "*const " : "*mut ");
      type();
      break;
    case 'F':
      ++at_;
      function();
      break;
    case 'D':
      ++at_;
      dynamic_traits();
      break;
    case 'B':
      ++at_;
      back_reference([this] { type(); });
      break;
    default:
      path(false);
  }
  --depth_;
}

void Demangler::constant() {
  if (!enter()) return;
  if (take('B')) return back_reference([this] { constant(); });
  if (take('p')) return put("_");
  const char letter = next();
  if (basic_type(letter) == nullptr) {
    failed_ = true;  // of types of one's own: rare, and not shown
    return;
  }
  const bool negative = take('n');
  std::uint64_t value = 0;
  const std::size_t begin = at_;
  for (char c = next(); c != '_' && !failed_; c = next()) {
    if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) failed_ = true;
    value = value << 4 | static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  if (failed_) return;
  const std::string_view digits = in_.substr(begin, at_ - 1 - begin);
  if (letter == 'b') return put(value != 0 ? "true" : "false");
  put(negative ? "-" : "");
  put(digits.size() > 16 ? fmt::format("0x{}", digits) : fmt::format("{}", value));
}

// "$LT$" and the like.
struct Escape {
  std::string_view name;
  std::string_view text;
};
constexpr Escape kEscapes[] = {{"$SP$", "@"},  {"$BP$", "*"},   {"$RF$", "&"},  {"$LT$", "<"},
                               {"$GT$", ">"},  {"$LP$", "("},   {"$RP$", ")"},  {"$C$", ","},
                               {"$u7e$", "~"}, {"$u20$", " "},  {"$u27$", "'"}, {"$u5b$", "["},
                               {"$u5d$", "]"}, {"$u7b$", "{"},  {"$u7d$", "}"}, {"$u3b$", ";"},
                               {"$u2b$", "+"}, {"$u22$", "\""}, {"..", "::"}};

}  // namespace

std::optional<std::string> demangle_rust(std::string_view name) {
  if (!name.starts_with("_R") || name.size() < 3) return std::nullopt;
  return Demangler(name.substr(2)).run();
}

// "core::fmt::write::h0123456789abcdef": what Rust adds so that names of two versions differ.
std::string tidy_older_rust(std::string name) {
  constexpr std::size_t kLength = 19;
  if (name.size() <= kLength) return name;
  const std::string_view tail = std::string_view(name).substr(name.size() - kLength);
  const bool is_hash =
      tail.starts_with("::h") && std::all_of(tail.begin() + 3, tail.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      });
  if (!is_hash) return name;
  name.resize(name.size() - kLength);
  std::string plain;
  for (std::string_view rest = name; !rest.empty();) {
    // What begins with an escape has an underscore before it.
    if (rest.starts_with("_$") && (plain.empty() || plain.ends_with("::"))) rest.remove_prefix(1);
    const auto* escape =
        std::find_if(std::begin(kEscapes), std::end(kEscapes),
                     [&](const Escape& each) { return rest.starts_with(each.name); });
    const bool found = escape != std::end(kEscapes);
    plain += found ? escape->text : rest.substr(0, 1);
    rest.remove_prefix(found ? escape->name.size() : 1);
  }
  return plain;
}

}  // namespace triptych
