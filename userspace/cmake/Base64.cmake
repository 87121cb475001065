# SPDX-License-Identifier: Apache-2.0
#
# triptych_sha256_base64(TEXT VARIABLE): the hash as a Content-Security-Policy has it.
function(triptych_sha256_base64 text variable)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  string(SHA256 digits "${text}")
  # 32 bytes are ten groups of three and one of two, whose missing byte is zero and shown as "=".
  string(APPEND digits "00")
  set(encoded "")
  foreach(group RANGE 10)
    math(EXPR at "${group} * 6")
    string(SUBSTRING "${digits}" ${at} 6 part)
    foreach(shift 18 12 6 0)
      math(EXPR index "(0x${part} >> ${shift}) & 63")
      string(SUBSTRING "${alphabet}" ${index} 1 letter)
      string(APPEND encoded "${letter}")
    endforeach()
  endforeach()
  string(SUBSTRING "${encoded}" 0 43 encoded)
  set(${variable} "${encoded}=" PARENT_SCOPE)
endfunction()
