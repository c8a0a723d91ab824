// The services that crmctl fills, each with a store of its own in memory, behind one real RPC
// server, and crmctl to talk to them. Events do not travel between them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <sstream>

#include "crm/deals/v1/deal_service.pb.h"
#include "libs/entity/page_tokens.h"
#include "libs/events/event_service.h"
#include "libs/operations/operations.h"
#include "libs/process/shared_methods.h"
#include "libs/testing/call_harness.h"
#include "services/contacts/module.h"
#include "services/deals/module.h"
#include "services/identity/module.h"
#include "services/inventory/module.h"
#include "services/leads/module.h"
#include "tools/crmctl/command_line.h"
#include "tools/crmctl/commands.h"

namespace crm::test {

// Reads of one service at another, as the administrator. Thread-safe behind Connect.
class LoopbackReader final : public RemoteReader {
 public:
  void Connect(const std::string& address) { client_ = rpc::RpcClient::Create(address); }
  Status Read(const Principal& principal, const std::string& method,
              const google::protobuf::Message& request, google::protobuf::Message& response,
              std::stop_token stop) override {
    EXPECT_FALSE(principal.tenant.is_nil());
    rpc::ClientCallOptions options;
    options.metadata.emplace("authorization", "Bearer token-1");
    options.stop = stop;
    return client_->Call(method, request, response, options);
  }

 private:
  std::shared_ptr<rpc::RpcClient> client_;
};

class HostedService {
 public:
  using Records = std::vector<const google::protobuf::Descriptor*>;
  using Methods = std::function<std::vector<MethodBinding>(const RecordTypes&)>;

  HostedService(const std::string& name, RemoteReader& others, const Records& records,
                const Methods& methods)
      : harness_(records, {.threads = 4, .remote = &others}),
        events_(name, harness_.types(), harness_.store(), harness_.clock()),
        operations_(name, harness_.types(), {}),
        methods_(methods(harness_.types())) {
    for (const auto& more : {events_.Methods(), operations_.Methods()}) {
      methods_.insert(methods_.end(), more.begin(), more.end());
    }
    harness_.Bind(methods_);
    // Makes the first token of the harness the administrator's.
    kernel::v1::VerifyRequest request;
    request.set_source(name);
    auto verified = harness_.Call<kernel::v1::VerifyResponse>("Verify", request);
    EXPECT_TRUE(verified.ok()) << verified.status().ToString();
  }
  ~HostedService() { events_.Stop(); }

  CallHarness& harness() { return harness_; }
  std::vector<rpc::ServiceBinding> Bindings() { return harness_.pipeline().Bindings(methods_); }

 private:
  CallHarness harness_;
  events::EventServer events_;
  operations::OperationsServer operations_;
  std::vector<MethodBinding> methods_;
};

class ServicesRig {
 public:
  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };

  ServicesRig() {
    server_ = rpc::RpcServer::Create({}, JoinBindings({{"identity", identity_.Bindings()},
                                                       {"inventory", inventory_.Bindings()},
                                                       {"contacts", contacts_.Bindings()},
                                                       {"deals", deals_.Bindings()},
                                                       {"leads", leads_.Bindings()}},
                                                      {{"users", "identity"},
                                                       {"departments", "identity"},
                                                       {"products", "inventory"},
                                                       {"companies", "contacts"},
                                                       {"contacts", "contacts"},
                                                       {"deals", "deals"},
                                                       {"pipelines", "deals"},
                                                       {"leads", "leads"}}))
                  .value();
    others_.Connect(server_->address());
    server_->Start();
  }
  ~ServicesRig() { server_->Drain(std::chrono::seconds(10)); }

  CallHarness& deals() { return deals_.harness(); }
  CallHarness& leads() { return leads_.harness(); }
  CallHarness& contacts() { return contacts_.harness(); }

  Outcome Run(std::vector<std::string> words) {
    const std::vector<ctl::Command> commands = {{"demo", "", ctl::Demo},
                                                {"import", "", ctl::Import},
                                                {"undo", "", ctl::Undo},
                                                {"verify", "", ctl::Verify},
                                                {"history", "", ctl::History},
                                                {"why", "", ctl::Why},
                                                {"events tail", "", ctl::EventsTail}};
    std::ostringstream out;
    std::ostringstream err;
    ctl::Surroundings surroundings{
        out, err, {{"CRM_GRPC", server_->address()}, {"CRM_KEY", "token-1"}}};
    int code = ctl::RunCommandLine(commands, std::move(words), surroundings);
    return {code, out.str(), err.str()};
  }

 private:
  static constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

  const entity::PageTokens tokens_ = *entity::PageTokens::Create(kSecret);
  const entity::Settings settings_{&tokens_, "US"};
  LoopbackReader others_;
  HostedService identity_{
      "identity", others_, identity::Records(),
      [this](const RecordTypes& types) { return identity::Methods(types, settings_, nullptr); }};
  HostedService inventory_{
      "inventory", others_, inventory::Records(),
      [this](const RecordTypes& types) { return inventory::Methods(types, settings_); }};
  HostedService contacts_{
      "contacts", others_, contacts::Records(), [this](const RecordTypes& types) {
        return contacts::DefineOver({std::shared_ptr<void>(), &types}, settings_).methods;
      }};
  HostedService deals_{
      "deals", others_, deals::Records(), [this](const RecordTypes& types) {
        return deals::DefineOver({std::shared_ptr<void>(), &types}, settings_).methods;
      }};
  HostedService leads_{"leads", others_, leads::Records(), [this](const RecordTypes& types) {
                         return leads::Methods(types, settings_);
                       }};
  std::unique_ptr<rpc::RpcServer> server_;
};

}  // namespace crm::test
