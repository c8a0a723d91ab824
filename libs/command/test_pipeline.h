// The museum of the pipeline's tests: what these need of methods, without rules, and hooks to
// meddle with them. For tests only.
#pragma once

#include <gtest/gtest.h>

#include "crm/testing/v1/exhibit_events.pb.h"
#include "crm/testing/v1/exhibit_service.pb.h"
#include "libs/testing/call_harness.h"

namespace crm {

inline constexpr const char* kMuseumService = "crm.testing.v1.ExhibitService";

class PipelineTest : public ::testing::Test {
 protected:
  using CreateExhibitRequest = testing::v1::CreateExhibitRequest;
  using GetExhibitRequest = testing::v1::GetExhibitRequest;
  using UpdateExhibitRequest = testing::v1::UpdateExhibitRequest;
  using ShowExhibitRequest = testing::v1::ShowExhibitRequest;
  using ExhibitCreated = testing::v1::ExhibitCreated;
  using ExhibitUpdated = testing::v1::ExhibitUpdated;
  using ExhibitShown = testing::v1::ExhibitShown;
  using Exhibit = testing::v1::Exhibit;
  using Room = testing::v1::Room;

  PipelineTest() {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(kMuseumService);
    museum_.Bind(
        {Awaiting<Exhibit>(
             Bind<CreateExhibitRequest, Exhibit>(
                 service, "CreateExhibit",
                 [this](Call& call, const CreateExhibitRequest& request) -> Result<Exhibit> {
                   ++runs_;
                   Exhibit exhibit = request.exhibit();
                   exhibit.set_name(type().Name(call.NewId()));
                   auto status = call.Store(exhibit, ExhibitCreated());
                   if (!status.ok()) return status;
                   return exhibit;
                 }),
             [this](Call& call, Exhibit& exhibit) { return !awaited_ || awaited_(call, exhibit); }),
         Bind<GetExhibitRequest, Exhibit>(service, "GetExhibit",
                                          [](Call& call, const GetExhibitRequest& request) {
                                            return call.Load<Exhibit>(request.name());
                                          }),
         Bind<UpdateExhibitRequest, Exhibit>(
             service, "UpdateExhibit",
             [](Call& call, const UpdateExhibitRequest& request) -> Result<Exhibit> {
               auto exhibit = call.Load<Exhibit>(request.exhibit().name());
               if (!exhibit.ok()) return exhibit;
               exhibit->set_code(request.exhibit().code());
               exhibit->set_year(exhibit->year() + 1);
               if (auto status = call.Store(*exhibit, ExhibitUpdated()); !status.ok())
                 return status;
               return exhibit;
             }),
         Bind<ShowExhibitRequest, Exhibit>(
             service, "ShowExhibit",
             [this](Call& call, const ShowExhibitRequest& request) -> Result<Exhibit> {
               ++runs_;
               auto exhibit = call.Load<Exhibit>(request.name());
               if (!exhibit.ok()) return exhibit;
               if (meddle_) meddle_();
               if (exhibit->state() == Exhibit::SHOWN) {
                 return FailedPrecondition("ALREADY_SHOWN", "It is shown.");
               }
               exhibit->set_state(Exhibit::SHOWN);
               if (auto status = call.Store(*exhibit, ExhibitShown()); !status.ok()) return status;
               return exhibit;
             })});
  }

  const RecordType& type() { return museum_.type(Exhibit::descriptor()); }

  CreateExhibitRequest Create(const std::string& request_id = "", const std::string& code = "") {
    CreateExhibitRequest request;
    request.mutable_exhibit()->set_display_name("Moses");
    request.mutable_exhibit()->set_code(code);
    request.set_request_id(request_id);
    return request;
  }
  std::string Created(const std::string& code = "") {
    return museum_.Call<Exhibit>("CreateExhibit", Create("", code))->name();
  }
  ShowExhibitRequest Show(const std::string& name) {
    ShowExhibitRequest request;
    request.set_name(name);
    return request;
  }
  Result<Exhibit> Get(const std::string& name) {
    GetExhibitRequest request;
    request.set_name(name);
    return museum_.Call<Exhibit>("GetExhibit", request);
  }

  // Another replica changes the record behind the back of this one's committer.
  void ChangeElsewhere(const std::string& name, const std::function<void(Exhibit&)>& change) {
    CallServices services = museum_.services();
    services.committer = nullptr;
    CallContext context;
    context.id = Uuid{{static_cast<uint8_t>(++elsewhere_)}};
    context.principal = museum_.admin();
    context.now = museum_.clock().Now();
    Call call(services, context);
    Exhibit exhibit = *call.Load<Exhibit>(name);
    change(exhibit);
    ASSERT_TRUE(call.Store(exhibit, ExhibitUpdated()).ok());
    auto set = call.TakeWriteSet();
    const WriteSet* group[] = {set.get()};
    ASSERT_EQ(museum_.store().Commit(group, {})[0].outcome, CommitResult::Outcome::kCommitted);
  }

  test::CallHarness museum_{{Exhibit::descriptor(), Room::descriptor()}};
  int runs_ = 0;
  int elsewhere_ = 0;
  std::function<bool(Call&, Exhibit&)> awaited_;
  std::function<void()> meddle_;
};

}  // namespace crm
