// SPDX-License-Identifier: Apache-2.0
#include "cli/name_options.hpp"

#include "cli/input.hpp"

namespace triptych::cli {

void NameOptions::add_to(CLI::App& app) {
  app.add_flag("--debug-files", debug_files,
               "Take names of functions also from /usr/lib/debug, by build id");
  app.add_option("--debug-dir", debug_directories, "Likewise, from here; may be repeated")
      ->allow_extra_args(false)
      ->type_name("DIR");
  app.add_flag("--inlines", inlines,
               "Frames of their own for functions that were inlined, where debug information "
               "tells");
}

symbol::resolve::ResolverOptions NameOptions::for_kernel(const std::string& release) const {
  symbol::resolve::ResolverOptions options;
  options.debug_directories = debug_directories;
  if (debug_files) options.debug_directories.emplace_back(kDebugDirectory);
  options.kernel = release;
  options.inlines = inlines;
  return options;
}

std::vector<std::string> NameOptions::arguments() const {
  std::vector<std::string> arguments;
  if (debug_files) arguments.emplace_back("--debug-files");
  for (const std::string& directory : debug_directories) {
    arguments.push_back("--debug-dir=" + directory);
  }
  if (inlines) arguments.emplace_back("--inlines");
  return arguments;
}

}  // namespace triptych::cli
