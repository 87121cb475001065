// SPDX-License-Identifier: Apache-2.0
//
// fmt's functions, compiled into triptych-cell, so that it is not one more shared library whose
// mappings every fork would copy. Whatever should be missing here comes from the library as usual.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {
template dragonbox::decimal_fp<float> dragonbox::to_decimal(float) noexcept;
template dragonbox::decimal_fp<double> dragonbox::to_decimal(double) noexcept;
template thousands_sep_result<char> thousands_sep_impl(locale_ref);
template char decimal_point_impl(locale_ref);
}  // namespace detail
FMT_END_NAMESPACE
