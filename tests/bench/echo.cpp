#include "tests/bench/echo.h"

#include <filesystem>
#include <fstream>

#include "libs/testing/socket.h"

namespace crm::bench {

Echo::Echo(const std::string& folder, const std::string& answer) : port_(test::FreePort()) {
  const std::string file = folder + "/answer";
  std::ofstream(file, std::ios::binary) << answer;
  const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  process_ = std::make_unique<test::Process>(test::ProcessOptions{
      .argv = {(programs / "crm-bench-echo").string(), std::to_string(port_), file}});
}

}  // namespace crm::bench
