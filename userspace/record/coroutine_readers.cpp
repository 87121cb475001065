// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_readers.hpp"

#include <cstdlib>

namespace triptych::record {

using coroutine::reader::ProgramFile;
using coroutine::reader::ProgramReader;

Result<std::unique_ptr<ProgramReader>> start_reader(const launch::User& user) {
  if (user.uid == 0) return ProgramReader::start(coroutine::reader::nobody());
  return ProgramReader::start({user.uid, user.gid, user.groups});
}

void for_each_library_of(const launch::User& user, const std::string& program,
                         const coroutine::discover::Needs& needs,
                         const coroutine::reader::LookIntoLibrary& look) {
  const char* path = std::getenv("LD_LIBRARY_PATH");
  // Only to open it: who else has it mapped, his rights do not tell.
  const auto open = [&user](const std::string& library) -> Result<ProgramFile> {
    TRIPTYCH_TRY_ASSIGN(const launch::FileRightsOf rights, launch::FileRightsOf::take(user));
    return coroutine::reader::open_program_file(library);
  };
  coroutine::reader::for_each_library(program, needs, path == nullptr ? "" : path, open, look);
}

}  // namespace triptych::record
