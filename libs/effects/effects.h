// Effects on the outside world (mail, charge, webhook, call). A handler asks for one with
// Call::RequestEffect, so it is a row of the ledger first, committed with the decision. The pump
// then takes it through
//
//   PENDING -> SENDING (committed before the adapter is called) -> CONFIRMED | FAILED | PENDING
//   again after a pause
//
// A crash between the send and its record leaves SENDING. Such an effect is never blindly repeated:
// where the provider dedupes by key it is sent again with the same key; where it can be asked, it
// is asked; otherwise it is PARKED for a person.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "crm/kernel/v1/records.pb.h"
#include "libs/command/pipeline.h"
#include "libs/log/logger.h"

namespace crm {

// What an attempt at the outside world came to.
struct EffectOutcome {
  enum class Kind {
    kConfirmed,  // done; `receipt` is the provider's id
    kRejected,   // the provider said no for good
    kRetry,      // it certainly did not happen; try again
    kUnknown,    // no answer: it may have happened
  };
  Kind kind = Kind::kUnknown;
  std::string receipt;
  std::string error;
};

// One way to the outside world. Thread-safe. One file each, in services/<name>/adapters/.
class EffectAdapter {
 public:
  virtual ~EffectAdapter() = default;
  // "mail", "loopback".
  virtual std::string kind() const = 0;
  // Whether the provider makes one effect of any number of sends with one key.
  virtual bool dedupes_by_key() const = 0;
  // How long an effect may be SENDING before its sender is taken for dead; well above the deadline
  // of Send.
  virtual std::chrono::milliseconds sender_timeout() const { return std::chrono::minutes(2); }
  // Blocks, within a deadline of its own.
  virtual EffectOutcome Send(const kernel::v1::Effect& effect) = 0;
  // Asks the provider what became of the key; kUnknown where it cannot be asked or does not answer;
  // kRetry: it never arrived.
  virtual EffectOutcome Query(const kernel::v1::Effect& effect) = 0;
};

// Takes pending effects through the ledger. Replicas may run one each. Thread-safe.
class EffectPump {
 public:
  EffectPump(std::vector<std::shared_ptr<EffectAdapter>> adapters, std::string service,
             const RecordTypes& types, Store& store, CallPipeline& pipeline, Executor& executor,
             const Clock& clock, const log::Logger& log, metrics::Registry& metrics);

  // Starts work on what is due; returns how many. Call it again and again.
  Result<int> Work(std::stop_token stop);

 private:
  void Begin(const Uuid& tenant, const kernel::v1::Effect& effect);
  void Perform(const Uuid& tenant, kernel::v1::Effect effect, bool reconcile);
  void Record(const Uuid& tenant, const kernel::v1::Effect& effect, const EffectOutcome& outcome,
              bool reconciled);
  Status Move(const Uuid& tenant, const kernel::v1::Effect& effect, const std::string& step,
              std::function<Status(Call&, kernel::v1::Effect&)> change,
              std::function<void(Status)> done);
  EffectAdapter* Find(const std::string& kind) const;
  bool GivenUp(const kernel::v1::Effect& effect) const;

  const std::vector<std::shared_ptr<EffectAdapter>> adapters_;
  const std::string service_;
  const RecordType& type_;
  Store& store_;
  CallPipeline& pipeline_;
  Executor& executor_;
  const Clock& clock_;
  const log::Logger log_;
  metrics::CounterFamily outcomes_;
};

}  // namespace crm
