// LoginThrottle: how many wrong passwords somebody may send. Counted by each process, over tenant
// and address together, whether the person exists or not; so a name can be locked out for minutes
// by whoever guesses at it, and by nobody for longer.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace crm::identity {

// Thread-safe.
class LoginThrottle {
 public:
  // LOGIN_THROTTLED after ten failures within five minutes of the first.
  Status Admit(const std::string& who, Time now) const;
  void NoteFailure(const std::string& who, Time now);
  void NoteSuccess(const std::string& who);

 private:
  struct Failures {
    Time since{};
    int count = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Failures> failures_;  // GUARDED_BY(mutex_)
};

}  // namespace crm::identity
