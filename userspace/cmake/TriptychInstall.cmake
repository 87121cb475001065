# SPDX-License-Identifier: Apache-2.0
#
# What is installed besides the program (userspace/cli) and the header for marks (userspace/mark).
set(completions "${PROJECT_SOURCE_DIR}/userspace/cli/completions")
install(FILES "${PROJECT_SOURCE_DIR}/docs/triptych.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${completions}/triptych.bash" RENAME triptych
  DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES "${completions}/_triptych" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
install(FILES "${completions}/triptych.fish"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/NOTICE"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")
