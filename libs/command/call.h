// Call: what a handler sees of the world. It loads records, decides, and stores records with the
// facts that explain them; nothing happens until the committer takes the write-set, and a handler
// may be run again, so it must be repeatable: time is fixed per call, and ids derive from (call id,
// ordinal).
//
// One thread at a time. Lives for one attempt of one call.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "crm/kernel/v1/records.pb.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/command/committer.h"
#include "libs/command/principal.h"
#include "libs/command/store.h"

namespace crm {

// Asks other services, for handlers. Only methods marked idempotency_level = NO_SIDE_EFFECTS.
class RemoteReader {
 public:
  virtual ~RemoteReader() = default;
  virtual Status Read(const Principal& principal, const std::string& method,
                      const google::protobuf::Message& request, google::protobuf::Message& response,
                      std::stop_token stop) = 0;
};

// Where a call stands in a chain of causes.
struct Cause {
  // Event id or request id that began the chain; never empty.
  std::string correlation;
  // Event that directly led here; empty at the start of a chain.
  std::string causation;
  // Import run or other undoable group.
  std::string run;
  std::string traceparent;
};

// All that stays the same when a call is run again.
struct CallContext {
  Uuid id;
  Principal principal;
  Time now;
  Cause cause;
  // "crm.leads.v1.LeadService/ConvertLead", "consumer:leads.on_deal_won",
  // "timer:contact_task_overdue".
  std::string origin;
  // Permission the call was admitted with ("lead", "convert"); empty object: none is needed.
  std::string object, action;
  std::stop_token stop;
  // An attempt after the first: something that the last one took for true was not, so all is read.
  bool again = false;
  // Read the past (as_of or effective_as_of of the request); the call may then store nothing.
  std::optional<std::pair<Timeline, Time>> past;
};

// What calls of one service share.
struct CallServices {
  const RecordTypes* types = nullptr;
  Store* store = nullptr;
  Committer* committer = nullptr;  // nullptr: no pending records (previews)
  RemoteReader* remote = nullptr;
  // "leads": in whose name the service itself asks others.
  std::string service = "";
};

class Call {
 public:
  Call(const CallServices& services, const CallContext& context);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  const Principal& principal() const { return acting_ ? *acting_ : context_.principal; }
  const Uuid& tenant() const { return principal().tenant; }
  Time now() const { return context_.now; }
  std::stop_token stop() const { return context_.stop; }
  const CallContext& context() const { return context_; }
  const RecordTypes& types() const { return *services_.types; }
  crm::Store& store() const { return *services_.store; }

  // For public methods, where nobody is authenticated: goes on as a principal that the handler has
  // found out. INTERNAL in any other call, and after the first record. The request may have no
  // request_id, because that was looked for under no tenant.
  Status ActAs(Principal principal);

  // A new id, the same when the call is run again. With a label it does not depend on the order of
  // asking.
  Uuid NewId();
  Uuid NewId(std::string_view label) const;

  // --- Records, typed. M is a message with entity options of this service. ---

  // The record as this call sees it: what it stored itself, then what is pending, then what is
  // committed, in the first attempt as this process last saw it. Enters the check set. NOT_FOUND
  // also where it is soft-deleted or, for the object of the call's own permission, outside the
  // caller's scope.
  template <class M>
  Result<M> Load(std::string_view name) {
    auto loaded = LoadMessage(services_.types->Of(M::descriptor()), name, false);
    if (!loaded.ok()) return loaded.status();
    return M(static_cast<const M&>(**loaded));
  }
  // The same, with soft-deleted records.
  template <class M>
  Result<M> LoadWithDeleted(std::string_view name) {
    auto loaded = LoadMessage(services_.types->Of(M::descriptor()), name, true);
    if (!loaded.ok()) return loaded.status();
    return M(static_cast<const M&>(**loaded));
  }
  // nullopt where there is none; that too enters the check set, so a record that appears meanwhile
  // makes the call run again.
  template <class M>
  Result<std::optional<M>> Find(std::string_view name) {
    auto found = FindMessage(services_.types->Of(M::descriptor()), name);
    if (!found.ok()) return found.status();
    if (*found == nullptr) return std::optional<M>();
    return std::optional<M>(static_cast<const M&>(**found));
  }
  // Says that there is most likely no such record, which saves the question: the first attempt
  // takes it for absent, and the commit finds out. Before the record is loaded, found or stored.
  void ExpectAbsent(const RecordType& type, std::string_view name);
  // A hint on which no invariant may rest: committed state only, not checked at commit.
  template <class M>
  Result<std::optional<M>> Peek(std::string_view name) {
    auto found = PeekMessage(services_.types->Of(M::descriptor()), name);
    if (!found.ok()) return found.status();
    if (*found == nullptr) return std::optional<M>();
    return std::optional<M>(static_cast<const M&>(**found));
  }

  // All live records of a stamped collection (see options.proto), in the order of their ids and
  // without etags, whoever calls: for decisions that hang on all of them, like rules. In the check
  // set as one: where one of them changes, appears or goes meanwhile, the call is run again. From
  // memory as long as they stay as they are. As committed, so before this call stores one of them.
  // The pointers belong to the call.
  template <class M>
  Result<std::vector<const M*>> LoadAll() {
    auto loaded = LoadCollection(services_.types->Of(M::descriptor()));
    if (!loaded.ok()) return loaded.status();
    std::vector<const M*> records;
    for (const auto& record : (*loaded)->records) {
      records.push_back(static_cast<const M*>(record.get()));
    }
    return records;
  }

  // --- The same over Message, for generic code. The pointers belong to the call. ---

  Result<const google::protobuf::Message*> LoadMessage(const RecordType& type,
                                                       std::string_view name, bool with_deleted);
  // nullptr: there is none.
  Result<const google::protobuf::Message*> FindMessage(const RecordType& type,
                                                       std::string_view name);
  Result<std::shared_ptr<const google::protobuf::Message>> PeekMessage(const RecordType& type,
                                                                       std::string_view name);
  Result<const Collection*> LoadCollection(const RecordType& type);
  // Committed records that the caller may see; a hint, like Peek. The caller's scope is added to
  // the filter.
  Result<std::vector<ListedRecord>> List(ListQuery query);

  // --- Writing ---

  // Stores a record with the fact that explains the change; the record must have been loaded, found
  // or be new. Sets name-independent standard fields (create_time, update_time), moves unique
  // claims, appends the event to the log. `occurred_at` is business time, never before the record's
  // last; unset: now. ALREADY_EXISTS where a unique value is taken; its metadata names the holder.
  // INTERNAL where the record was never loaded or the fact is not one of its event's.
  Status Store(const google::protobuf::Message& record, const google::protobuf::Message& fact,
               std::optional<Time> occurred_at = std::nullopt);
  // Generic facts by name: "created", "updated", "deleted", "undeleted".
  Status StoreWithFact(const google::protobuf::Message& record, std::string_view fact_name,
                       std::optional<Time> occurred_at = std::nullopt);
  // A projection or a kernel record: no event.
  Status Project(const google::protobuf::Message& record);
  Status Erase(const RecordType& type, std::string_view name);

  // A timer of this service; its name derives from (kind, subject, label), so setting it again
  // moves it.
  Status SetTimer(std::string_view kind, std::string_view subject, Time due,
                  const google::protobuf::Message& payload, std::string_view label = "");
  Status CancelTimer(std::string_view kind, std::string_view subject, std::string_view label = "");
  // Something for the outside world; `key` goes to the provider and makes it one effect however
  // often it is tried.
  Status RequestEffect(std::string_view kind, std::string_view key, std::string_view subject,
                       std::string payload);

  // Asks another service (see RemoteReader) as the caller.
  Status Ask(const std::string& method, const google::protobuf::Message& request,
             google::protobuf::Message& response);
  // The same as the service itself: for what the caller need not be allowed to see.
  Status AskAsSystem(const std::string& method, const google::protobuf::Message& request,
                     google::protobuf::Message& response);

  // Labels what this call stores as part of a run that can be undone as one (an import, an undo);
  // before the first Store.
  void SetRun(std::string run) { run_ = std::move(run); }

  // --- For the pipeline ---

  // The call's write-set; the call is spent.
  std::unique_ptr<WriteSet> TakeWriteSet();
  bool has_writes() const { return !order_.empty(); }
  bool has_checks() const { return !records_.empty(); }
  // Replaces the records in a response by what this call stored of them, so that times and etags
  // are those of the commit.
  void Complete(google::protobuf::Message& response) const;
  // Version that the call will have stored, or has loaded; 0 where neither. Etags derive from it.
  int64_t VersionOf(const RecordKey& key) const;

 private:
  struct Touched {
    RecordKey key;
    int64_t loaded_version = 0;
    uint64_t based_on = 0;
    int64_t version = 0;
    Time occurred{};
    // As loaded, then as stored; nullptr: there is none.
    std::shared_ptr<const google::protobuf::Message> current;
    bool written = false;
    bool erased = false;
  };

  // What the caller has written but for itself, from the nearest place that knows it.
  Result<std::optional<StoredRecord>> Read(const RecordKey& key, uint64_t& based_on);
  Result<Touched*> Touch(const RecordType& type, std::string_view name);
  Status Append(Touched& touched, const google::protobuf::Message& record,
                const google::protobuf::FieldDescriptor* fact_field,
                const google::protobuf::Message* fact, std::optional<Time> occurred_at);
  Status MoveClaims(Touched& touched, const google::protobuf::Message* before,
                    const google::protobuf::Message& after);
  Result<Touched*> TouchStamp(const RecordType& type);
  Status ListAll(const RecordType& type, Collection& collection);
  // Before a record of the type is stored.
  Status Restamp(const RecordType& type);
  Status Write(Touched& touched, std::unique_ptr<google::protobuf::Message> record);
  // Whether this call makes the record.
  bool IsNew(std::string_view name) const;
  bool Visible(const RecordType& type, const google::protobuf::Message& message) const;

  const CallServices& services_;
  const CallContext& context_;
  std::optional<Principal> acting_;
  std::map<RecordKey, std::unique_ptr<Touched>> records_;
  std::set<RecordKey> expected_absent_;
  std::vector<std::shared_ptr<const Collection>> collections_;  // what LoadAll has given out
  std::vector<Touched*> order_;  // those that were written, in the order of the first write
  std::vector<kernel::v1::LogRow> log_;
  int64_t ids_given_ = 0;
  std::string run_;
};

}  // namespace crm
