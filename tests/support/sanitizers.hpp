// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace triptych::test {

// It keeps what was freed, and makes system calls of its own.
#if defined(__SANITIZE_ADDRESS__)  // g++
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
inline constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
#else
inline constexpr bool kAddressSanitizer = false;
#endif

}  // namespace triptych::test
