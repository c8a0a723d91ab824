// A deals service on memory and builders for its tests. For tests only.
#pragma once

#include <gtest/gtest.h>

#include "crm/deals/v1/deal_events.pb.h"
#include "crm/deals/v1/deal_service.pb.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "libs/people/test_people.h"
#include "libs/testing/call_harness.h"
#include "services/deals/module.h"

namespace crm::deals {

inline const entity::Settings& TestSettings() {
  static const entity::PageTokens tokens =
      *entity::PageTokens::Create("0123456789abcdef0123456789abcdef");
  static const entity::Settings settings{&tokens, "IL"};
  return settings;
}

// first -> measured (needs an amount and a check) -> offered (can be won).
inline v1::Pipeline WindowPipeline() {
  v1::Pipeline pipeline;
  pipeline.set_display_name("Windows");
  pipeline.set_is_default(true);
  for (const char* id : {"first", "measured", "offered"}) {
    auto& stage = *pipeline.add_stages();
    stage.set_id(id);
    stage.set_display_name(id);
  }
  auto& measured = *pipeline.mutable_stages(1);
  measured.add_required_fields("amount");
  auto& check = *measured.add_checks();
  check.set_condition("amount.amount_minor > 1000");
  check.set_message("The amount must be above 10.00.");
  pipeline.mutable_stages(2)->set_can_win(true);
  return pipeline;
}

// The service over types that outlive it.
inline ServiceDefinition Over(const RecordTypes& types) {
  return DefineOver({std::shared_ptr<void>(), &types}, TestSettings());
}

class DealsTest : public ::testing::Test {
 protected:
  DealsTest() { service_.Bind(definition_.methods); }

  template <class Response, class Request>
  Result<Response> Call(const char* method, const Request& request) {
    return service_.Call<Response>(method, request);
  }
  v1::Pipeline MakePipeline(const v1::Pipeline& pipeline = WindowPipeline()) {
    v1::CreatePipelineRequest request;
    *request.mutable_pipeline() = pipeline;
    auto made = Call<v1::Pipeline>("CreatePipeline", request);
    EXPECT_TRUE(made.ok()) << made.status().ToString();
    return made.ok() ? *made : v1::Pipeline();
  }
  static v1::CreateDealRequest ToCreate(int64_t amount_minor) {
    v1::CreateDealRequest request;
    request.mutable_deal()->set_display_name("12 windows");
    request.mutable_deal()->set_contact("contacts/" + NamedUuid("contacts", "1").ToString());
    if (amount_minor != 0) {
      request.mutable_deal()->mutable_amount()->set_currency_code("ILS");
      request.mutable_deal()->mutable_amount()->set_amount_minor(amount_minor);
    }
    return request;
  }
  v1::Deal MakeDeal(int64_t amount_minor = 5000, std::optional<Time> occurred = std::nullopt) {
    auto request = ToCreate(amount_minor);
    if (occurred) *request.mutable_occurred_time() = ToTimestamp(*occurred);
    auto made = Call<v1::Deal>("CreateDeal", request);
    EXPECT_TRUE(made.ok()) << made.status().ToString();
    return made.ok() ? *made : v1::Deal();
  }
  Result<v1::Deal> Move(const std::string& name, const std::string& stage,
                        std::optional<Time> occurred = std::nullopt) {
    v1::MoveDealRequest request;
    request.set_name(name);
    request.set_stage(stage);
    if (occurred) *request.mutable_occurred_time() = ToTimestamp(*occurred);
    return Call<v1::Deal>("MoveDeal", request);
  }
  Result<v1::Deal> Win(const std::string& name, std::optional<Time> occurred = std::nullopt) {
    v1::WinDealRequest request;
    request.set_name(name);
    if (occurred) *request.mutable_occurred_time() = ToTimestamp(*occurred);
    return Call<v1::Deal>("WinDeal", request);
  }
  Result<v1::Deal> Lose(const std::string& name, const std::string& reason,
                        const std::string& text = "") {
    v1::LoseDealRequest request;
    request.set_name(name);
    request.set_reason(reason);
    request.set_reason_text(text);
    return Call<v1::Deal>("LoseDeal", request);
  }
  Result<v1::Deal> Reopen(const std::string& name) {
    v1::ReopenDealRequest request;
    request.set_name(name);
    return Call<v1::Deal>("ReopenDeal", request);
  }
  v1::Deal Get(const std::string& name) {
    v1::GetDealRequest request;
    request.set_name(name);
    auto deal = Call<v1::Deal>("GetDeal", request);
    EXPECT_TRUE(deal.ok()) << deal.status().ToString();
    return deal.ok() ? *deal : v1::Deal();
  }
  v1::DealEvent LastEvent() {
    v1::DealEvent event;
    EXPECT_TRUE(DecodeRecord(service_.Log().back().body(), event).ok());
    return event;
  }
  // Fires what is due, as the service's process does.
  void FireTimers() {
    metrics::Registry metrics;
    TimerPump pump(definition_.timers, "deals", service_.types(), service_.store(),
                   service_.pipeline(), service_.clock(), log::Logger::Silent(), metrics);
    auto fired = pump.Fire({});
    EXPECT_TRUE(fired.ok()) << fired.status().ToString();
    service_.Drain();
  }
  // Hands an event to the consumer of its message, as its transport would.
  Status Consume(const google::protobuf::Message& body, Time occurred) {
    return service_.Run([&](crm::Call& call) -> Status {
      kernel::v1::LogRow row;
      for (const auto& consumer : definition_.consumers) {
        const auto* function = consumer.FunctionFor(body.GetTypeName());
        if (function == nullptr) continue;
        auto status = (*function)(call, {row, body, occurred, occurred});
        if (!status.ok()) return status;
      }
      return Status::Ok();
    });
  }

  people::TestPeople people_{"departments/" + NamedUuid("departments", "sales").ToString()};
  test::CallHarness service_{Records(), {.remote = &people_}};
  const ServiceDefinition definition_ = Over(service_.types());
};

}  // namespace crm::deals
