// SPDX-License-Identifier: Apache-2.0
#include "probe/libbpf_log.hpp"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace triptych::probe {
namespace {

constexpr std::size_t kKeptBytes = 1200;

std::string& kept() {
  static std::string text;
  return text;
}

int keep(libbpf_print_level level, const char* format, std::va_list arguments) noexcept {
  if (level != LIBBPF_WARN) return 0;
  // A verifier's log is long, and its end tells why.
  char* line = nullptr;
  const int length = ::vasprintf(&line, format, arguments);
  if (length < 0) return 0;
  kept() += line;
  std::free(line);
  if (kept().size() > kKeptBytes) kept().erase(0, kept().size() - kKeptBytes);
  return length;
}

}  // namespace

void clear_libbpf_log() {
  libbpf_set_print(keep);
  kept().clear();
}

std::string libbpf_log_suffix() {
  return kept().empty() ? std::string() : "\n" + kept();
}

}  // namespace triptych::probe
