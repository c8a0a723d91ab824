// Loopback: an outside world in memory, with a ledger of its own. For tests and simulations: it can
// do what providers do at their worst, and its ledger then tells how often each effect really
// happened.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "libs/effects/effects.h"

namespace crm {

// Thread-safe.
class Loopback final : public EffectAdapter {
 public:
  enum class Mood {
    kAnswer,          // does it and says so
    kAcceptThenDrop,  // does it, and the answer is lost
    kLose,            // does nothing, and there is no answer
    kRefuseForNow,    // does nothing and says so
    kReject,          // says no for good
  };

  // `dedupes`: a second send with a known key does nothing. `asked`: whether it can be asked about
  // a key.
  explicit Loopback(bool dedupes, bool asked = true) : dedupes_(dedupes), asked_(asked) {}

  void set_mood(Mood mood) {
    std::lock_guard lock(mutex_);
    mood_ = mood;
  }
  // How often the effect with that key happened.
  int happened(const std::string& key) const {
    std::lock_guard lock(mutex_);
    auto found = ledger_.find(key);
    return found == ledger_.end() ? 0 : found->second;
  }
  int sends() const {
    std::lock_guard lock(mutex_);
    return sends_;
  }

  std::string kind() const override { return "loopback"; }
  bool dedupes_by_key() const override { return dedupes_; }

  EffectOutcome Send(const kernel::v1::Effect& effect) override {
    std::lock_guard lock(mutex_);
    ++sends_;
    if (mood_ == Mood::kReject) return {EffectOutcome::Kind::kRejected, "", "refused for good"};
    if (mood_ == Mood::kRefuseForNow) return {EffectOutcome::Kind::kRetry, "", "try later"};
    if (mood_ == Mood::kLose) return {EffectOutcome::Kind::kUnknown, "", "no answer"};
    int& times = ledger_[effect.key()];
    if (times == 0 || !dedupes_) ++times;
    if (mood_ == Mood::kAcceptThenDrop) return {EffectOutcome::Kind::kUnknown, "", "no answer"};
    return {EffectOutcome::Kind::kConfirmed, "receipt of " + effect.key(), ""};
  }

  EffectOutcome Query(const kernel::v1::Effect& effect) override {
    std::lock_guard lock(mutex_);
    if (!asked_) return {EffectOutcome::Kind::kUnknown, "", "cannot be asked"};
    if (!ledger_.contains(effect.key())) return {EffectOutcome::Kind::kRetry, "", "never arrived"};
    return {EffectOutcome::Kind::kConfirmed, "receipt of " + effect.key(), ""};
  }

 private:
  const bool dedupes_;
  const bool asked_;
  mutable std::mutex mutex_;
  Mood mood_ = Mood::kAnswer;          // GUARDED_BY(mutex_)
  int sends_ = 0;                      // GUARDED_BY(mutex_)
  std::map<std::string, int> ledger_;  // GUARDED_BY(mutex_)
};

}  // namespace crm
