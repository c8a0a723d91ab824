// CallHarness: a service's methods without a network, for tests. Requests go through the real
// CallPipeline and Committer to a MemoryStore (default) or to PostgreSQL, so what a test sees is
// what a client would see, status and bytes.
//
//   CallHarness service({Lead::descriptor(), Source::descriptor()});
//   service.Bind(leads::Methods(service.types()));
//   auto lead = service.Call<Lead>("CreateLead", request);                   // as service.admin()
//   auto none = service.Call<Lead>("GetLead", get, service.User("lead.get", Scope::kOwn));
//   EXPECT_EQ(service.Log().back().type(), "crm.leads.v1.LeadCreated");
//
//   PgSchema schema(KernelAnd("services/leads/migrations"));                 // the same on
//   PostgreSQL CallHarness service({...}, {.store = StoreIn(schema)});
//
// Without threads (the default) nothing happens but on the caller's thread, in the order in which
// it was posted: Call drives its call to the end; Begin, Step and Drain let a test interleave
// several calls. With threads, Call and FakeServerCall::Wait wait. The clock is manual and starts
// at kMonday; PostgreSQL numbers its log by its own clock.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "libs/command/pg_store.h"
#include "libs/command/pipeline.h"
#include "libs/testing/clock.h"
#include "libs/testing/pg_schema.h"

namespace crm::test {

// One call as the server sees it; keeps what it is answered. Thread-safe.
class FakeServerCall final : public rpc::ServerCall {
 public:
  FakeServerCall(const google::protobuf::MethodDescriptor& method, rpc::Metadata metadata,
                 std::string request);

  const google::protobuf::MethodDescriptor& method() const override { return method_; }
  const rpc::Metadata& metadata() const override { return metadata_; }
  const std::string& request() const override { return request_; }
  std::optional<rpc::SteadyTime> deadline() const override { return std::nullopt; }
  std::stop_token stop_token() const override { return stop_.get_token(); }
  std::string peer() const override { return "test"; }
  bool Write(const std::string& message) override;
  void Finish(Result<std::string> response) override;
  void AddInitialMetadata(std::string, std::string) override {}

  // The client goes away.
  void Cancel() { stop_.request_stop(); }
  bool done() const;
  // Waits for the end of the call; throws std::runtime_error where it does not come. The serialised
  // response or the status.
  Result<std::string> Wait() const;
  // Messages of a stream so far.
  std::vector<std::string> written() const;

 private:
  const google::protobuf::MethodDescriptor& method_;
  const rpc::Metadata metadata_;
  const std::string request_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::optional<Result<std::string>> result_;  // GUARDED_BY(mutex_)
  std::vector<std::string> written_;           // GUARDED_BY(mutex_)
};

struct CallHarnessOptions {
  // nullptr: a MemoryStore.
  std::unique_ptr<Store> store = nullptr;
  // 0: everything on the caller's thread, and no streams. Otherwise that many threads serve calls
  // and streams and the committer has its own.
  size_t threads = 0;
  RemoteReader* remote = nullptr;
  RateLimit* rate_limit = nullptr;
  Committer::OnCommitted on_committed = nullptr;
  CommitterOptions committer = {};
  // Of all ids, tenant() included: tests that share a schema take different ones.
  uint64_t seed = 1;
};

// One thread at a time.
class CallHarness {
 public:
  explicit CallHarness(const std::vector<const google::protobuf::Descriptor*>& records,
                       CallHarnessOptions options = {});
  ~CallHarness();

  const RecordTypes& types() const;
  const RecordType& type(const google::protobuf::Descriptor* message) const;
  Store& store();
  Committer& committer();
  CallPipeline& pipeline();
  ManualClock& clock();
  // What handlers get; for making a Call by hand.
  const CallServices& services() const;

  // May be called several times, before the first call of the methods it brings.
  void Bind(const std::vector<MethodBinding>& methods);

  // May do everything in tenant().
  const Principal& admin() const;
  const Uuid& tenant() const { return admin().tenant; }
  // Another user of tenant(), whose one grant is like "lead.get" ("lead.*", "*.*") in that scope.
  Principal User(std::string_view permission, Scope scope = Scope::kAll);

  // `method` is "GetLead" or, where several services have one, "crm.leads.v1.LeadService/GetLead".
  std::shared_ptr<FakeServerCall> Begin(std::string_view method,
                                        const google::protobuf::Message& request,
                                        const Principal& as);
  Result<std::unique_ptr<google::protobuf::Message>> CallMessage(
      std::string_view method, const google::protobuf::Message& request, const Principal& as);
  template <class Response>
  Result<Response> Call(std::string_view method, const google::protobuf::Message& request,
                        const Principal& as) {
    auto response = CallMessage(method, request, as);
    if (!response.ok()) return response.status();
    return Response(dynamic_cast<Response&>(**response));
  }
  template <class Response>
  Result<Response> Call(std::string_view method, const google::protobuf::Message& request) {
    return Call<Response>(method, request, admin());
  }
  // An internal call, as consumers and timers make it; as admin().
  Status Run(std::function<Status(crm::Call&)> handler);

  // Without threads: one posted task or, where there is none, one commit. False: there was nothing
  // to do.
  bool Step();
  // Steps until there is nothing to do.
  void Drain();

  // The event log from its beginning.
  std::vector<kernel::v1::LogRow> Log();

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

// The kernel's migrations, then those of a folder (empty: none).
std::vector<pg::Migration> KernelAnd(const std::string& folder);

// `schema` must outlive the store.
inline std::unique_ptr<Store> StoreIn(PgSchema& schema) {
  return std::make_unique<PgStore>(schema.database(), schema.scan());
}

}  // namespace crm::test
