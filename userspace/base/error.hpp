// SPDX-License-Identifier: Apache-2.0
//
// Recoverable errors are values. An Error says what failed and, where there is one, what to do
// about it; context is added outward, and main prints it once as "error: … / hint: …".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace triptych {

// The exit status that an error leads to, unless the command has a convention of its own.
enum class ErrorCode : std::uint8_t {
  kFailed = 1,      // the operation did not succeed
  kUsage = 2,       // the command line, or an input that the user named, is wrong
  kCapability = 3,  // the kernel, its configuration or our rights do not allow it
};

struct Error {
  ErrorCode code = ErrorCode::kFailed;
  std::string message;
  std::string hint;  // may be empty
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string message, std::string hint = {},
                                  ErrorCode code = ErrorCode::kFailed) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(hint)});
}

// "what: the system's text for this errno"
Error system_error(std::string_view what, int errno_value, std::string hint = {});

inline tl::unexpected<Error> fail_errno(std::string_view what, int errno_value,
                                        std::string hint = {}) {
  return tl::unexpected<Error>(system_error(what, errno_value, std::move(hint)));
}

}  // namespace triptych

// Evaluates `expression`; returns its error from the enclosing function, or assigns its value.
#define TRIPTYCH_CONCAT_INNER(a, b) a##b
#define TRIPTYCH_CONCAT(a, b) TRIPTYCH_CONCAT_INNER(a, b)
#define TRIPTYCH_TRY(expression)                                                    \
  do {                                                                              \
    if (auto triptych_result = (expression); !triptych_result) {                    \
      return tl::unexpected<::triptych::Error>(std::move(triptych_result.error())); \
    }                                                                               \
  } while (false)
#define TRIPTYCH_TRY_ASSIGN(declaration, expression)                     \
  auto TRIPTYCH_CONCAT(triptych_result_, __LINE__) = (expression);       \
  if (!TRIPTYCH_CONCAT(triptych_result_, __LINE__)) {                    \
    return tl::unexpected<::triptych::Error>(                            \
        std::move(TRIPTYCH_CONCAT(triptych_result_, __LINE__).error())); \
  }                                                                      \
  declaration = std::move(*TRIPTYCH_CONCAT(triptych_result_, __LINE__))
