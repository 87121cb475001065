// SPDX-License-Identifier: Apache-2.0
//
// Parts of records, as they are written.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/fixed_string.hpp"

namespace triptych::decode {

constexpr std::uint32_t bit_if(bool set, std::uint32_t bit) {
  return set ? bit : 0;
}

template <class Id>
std::uint32_t number(Id id) {
  return static_cast<std::uint32_t>(id);
}

template <std::size_t N>
void write_name(char (&bytes)[N], const model::FixedString<N>& name) {
  name.view().copy(bytes, N);
}

}  // namespace triptych::decode
