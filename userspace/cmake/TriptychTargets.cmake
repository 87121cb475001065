# SPDX-License-Identifier: Apache-2.0
#
# The three kinds of target that there are. Each folder under userspace/ is one static library; its
# DEPENDS are the layer table of docs/architecture.md, which tests/lint checks against the includes.

add_library(triptych_options INTERFACE)
target_include_directories(triptych_options INTERFACE
  "${PROJECT_SOURCE_DIR}/userspace" "${PROJECT_SOURCE_DIR}/bpf")
target_compile_options(triptych_options INTERFACE
  -Wall -Wextra -Wshadow -Wcast-align -Wconversion -Wno-sign-conversion
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  # Several sources at a time are includes of one: g++ takes what their classes keep to themselves for a header's.
  $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>
  -fno-omit-frame-pointer $<$<BOOL:${TRIPTYCH_WERROR}>:-Werror>)
if(TRIPTYCH_SANITIZE)
  # Not `function`: clang 14 marks coroutines for it in a way that cannot be assembled.
  target_compile_options(triptych_options INTERFACE
    -fsanitize=${TRIPTYCH_SANITIZE} -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  target_link_options(triptych_options INTERFACE -fsanitize=${TRIPTYCH_SANITIZE})
endif()

# triptych_library(trace SOURCES … DEPENDS base model … LIBRARIES PkgConfig::ZSTD …)
# DEPENDS names our own folders, LIBRARIES other people's.
function(triptych_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  string(REPLACE "/" "_" target "triptych_${name}")
  add_library(${target} STATIC ${ARG_SOURCES})
  list(TRANSFORM ARG_DEPENDS REPLACE "/" "_")
  list(TRANSFORM ARG_DEPENDS PREPEND triptych_)
  target_link_libraries(${target} PUBLIC triptych_options ${ARG_DEPENDS} ${ARG_LIBRARIES})
endfunction()

# triptych_test(trace_reader_test TIER unit SOURCES … DEPENDS trace …)
# A GoogleTest program, registered as one CTest test whose label is the tier. Exit status 77 is a skip
# (tests/support/main.cpp turns "every test was skipped" into it and prints why). What is tested is optimised,
# the test itself is not, and its sources are compiled as one: that saves most of the time to compile it.
function(triptych_test name)
  cmake_parse_arguments(ARG "" "TIER;TIMEOUT" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_compile_options(${name} PRIVATE -O0)
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON)
  get_target_property(precompiled triptych_test_support PRECOMPILE_HEADERS)
  if(precompiled AND NOT ARG_SOURCES MATCHES "\\.c(;|$)")
    target_precompile_headers(${name} REUSE_FROM triptych_test_support)
  endif()
  list(TRANSFORM ARG_DEPENDS REPLACE "/" "_")
  list(TRANSFORM ARG_DEPENDS PREPEND triptych_)
  target_link_libraries(${name} PRIVATE triptych_options triptych_test_support
    ${ARG_DEPENDS} ${ARG_LIBRARIES} GTest::gtest GTest::gmock)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_TIER} SKIP_RETURN_CODE 77
    TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT "TRIPTYCH_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
endfunction()
