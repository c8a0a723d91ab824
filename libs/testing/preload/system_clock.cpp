// Preloaded into our executables by MovedClock: std::chrono::system_clock, which crm::SystemClock
// asks and nothing else that matters, shows a time of day that a test has moved. C libraries
// (gRPC's core, librdkafka, libpq) and every steady clock go on undisturbed, so no timeout is
// moved.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>

namespace {

using Offset = std::atomic<int64_t>;
static_assert(Offset::is_always_lock_free && sizeof(Offset) == sizeof(int64_t));

// Microseconds, in the file that the test writes; lives as long as the process.
const Offset& MovedBy() {
  static const Offset none(0);
  static const Offset* const moved_by = [] {
    const char* name = std::getenv("MOVED_CLOCK_FILE");
    const int file = name == nullptr ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return &none;
    void* page = mmap(nullptr, sizeof(Offset), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    return page == MAP_FAILED ? &none : static_cast<const Offset*>(page);
  }();
  return *moved_by;
}

}  // namespace

std::chrono::system_clock::time_point std::chrono::system_clock::now() noexcept {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return time_point(seconds(time.tv_sec) + nanoseconds(time.tv_nsec) + microseconds(MovedBy()));
}
