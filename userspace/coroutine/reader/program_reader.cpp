// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/program_reader.hpp"

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "coroutine/reader/encoding.hpp"
#include "coroutine/reader/serve.hpp"

namespace triptych::coroutine::reader {
namespace {

// A browser's symbols take a twentieth of a second, on a machine that has nothing else to do.
constexpr std::uint64_t kPatienceNs = 10 * kNsPerSecond;
// A landing takes microseconds, and while it is waited for nothing is drained. Whoever lets it come
// to this does so once.
constexpr std::uint64_t kLandingPatienceNs = kNsPerSecond;

constexpr const char* kNoProgram = "not an ELF program";

}  // namespace

Result<std::unique_ptr<ProgramReader>> ProgramReader::start(const Rights& rights) {
  TRIPTYCH_TRY_ASSIGN(ConfinedChild child, ConfinedChild::start(rights, serve));
  return std::unique_ptr<ProgramReader>(new ProgramReader(std::move(child)));
}

template <class Answer, class Decode>
Result<Answer> ProgramReader::ask(const std::vector<std::byte>& question, int file,
                                  std::uint64_t patience_ns, const Decode& decode) {
  TRIPTYCH_TRY_ASSIGN(const std::vector<std::byte> bytes, child_.ask(question, file, patience_ns));
  std::optional<Answer> answer = decode(std::span<const std::byte>(bytes));
  if (answer) return std::move(*answer);
  child_.end();
  return fail("its reader answered nonsense");
}

Result<Examined> ProgramReader::examine(const ProgramFile& file, const Wanted& wanted) {
  if (!file.may_be_program) return Examined{};
  return ask<Examined>(encode(wanted), file.fd(), kPatienceNs,
                       [&](auto bytes) { return decode_examined(bytes, file.size); });
}

Result<PythonPart> ProgramReader::look_for_python(const ProgramFile& file,
                                                  std::string_view symbol) {
  if (!file.may_be_program) return PythonPart{false, fail(kNoProgram), false, {}};
  return ask<PythonPart>(encode_python_question(symbol), file.fd(), kPatienceNs,
                         decode_python_part);
}

Result<Result<discover::Discovery>> ProgramReader::look_into_module(
    const ProgramFile& module, const ModuleQuestion& question) {
  if (!module.may_be_program) return Result<discover::Discovery>(fail(kNoProgram));
  return ask<Result<discover::Discovery>>(
      encode(question), module.fd(), kPatienceNs,
      [&](auto bytes) { return decode_discovery(bytes, module.size); });
}

Result<Landing> ProgramReader::find_landing(const ProgramFile& file,
                                            const LandingQuestion& question) {
  const bool is_known = !sent_.insert(question.file).second;
  return ask<Landing>(encode(question), is_known ? -1 : file.fd(), kLandingPatienceNs,
                      [&](auto bytes) { return decode_landing(bytes, file.size); });
}

}  // namespace triptych::coroutine::reader
