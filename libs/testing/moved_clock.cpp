#include "libs/testing/moved_clock.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>

#include "libs/testing/servers.h"

namespace crm::test {
namespace {

// Beside the test's own executable.
std::string PreloadLibrary() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "libcrm_moved_clock.so";
}

}  // namespace

MovedClock::MovedClock() : file_(std::filesystem::temp_directory_path() / UniqueName("crm_clock")) {
  const int file = open(file_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0 || ftruncate(file, sizeof *moved_by_) != 0) {
    throw std::runtime_error("cannot write " + file_.string());
  }
  void* page = mmap(nullptr, sizeof *moved_by_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (page == MAP_FAILED) throw std::runtime_error("cannot map " + file_.string());
  moved_by_ = new (page) std::atomic<int64_t>(0);
}

MovedClock::~MovedClock() {
  munmap(moved_by_, sizeof *moved_by_);
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

std::map<std::string, std::string> MovedClock::env() const {
  return {{"LD_PRELOAD", PreloadLibrary()},
          {"MOVED_CLOCK_FILE", file_.string()},
          // A sanitizer's runtime comes second then, which it would refuse.
          {"ASAN_OPTIONS", "verify_asan_link_order=0"}};
}

Time MovedClock::Now() const {
  return SystemClock().Now() + Duration(moved_by_->load());
}

void MovedClock::Advance(Duration step) {
  *moved_by_ += step.count();
}

}  // namespace crm::test
