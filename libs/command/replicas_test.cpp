// Two replicas of one service over one schema: whatever their calls do to each other, nothing is
// lost and nothing is done twice.
#include <gtest/gtest.h>

#include "crm/testing/v1/exhibit_events.pb.h"
#include "crm/testing/v1/exhibit_service.pb.h"
#include "libs/testing/call_harness.h"

namespace crm {
namespace {

using namespace testing::v1;  // NOLINT: messages only
using test::CallHarness;

// Adds one to the year of the exhibit and the request's tag to its tags.
MethodBinding CountUp() {
  const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      "crm.testing.v1.ExhibitService");
  return Bind<ShowExhibitRequest, Exhibit>(
      service, "ShowExhibit", [](Call& call, const ShowExhibitRequest& request) -> Result<Exhibit> {
        auto found = call.Find<Exhibit>(request.name());
        if (!found.ok()) return found.status();
        Exhibit exhibit = *found ? **found : Exhibit();
        exhibit.set_name(request.name());
        exhibit.set_year(exhibit.year() + 1);
        exhibit.add_tags(request.occasion());
        auto status =
            *found ? call.Store(exhibit, ExhibitUpdated()) : call.Store(exhibit, ExhibitCreated());
        if (!status.ok()) return status;
        return exhibit;
      });
}

TEST(Replicas, NeitherLoseNorRepeatAChange) {
  test::PgSchema schema(test::KernelAnd("libs/entity/testdata/migrations"));
  std::vector<std::unique_ptr<CallHarness>> replicas;
  for (int i = 0; i < 2; ++i) {
    test::CallHarnessOptions options;
    options.store = test::StoreIn(schema);
    options.threads = 3;
    replicas.push_back(std::make_unique<CallHarness>(
        std::vector{Exhibit::descriptor(), Room::descriptor()}, std::move(options)));
    replicas.back()->Bind({CountUp()});
  }
  constexpr int kCalls = 150;
  std::vector<std::pair<std::string, std::shared_ptr<test::FakeServerCall>>> calls;
  for (int i = 0; i < kCalls; ++i) {
    for (size_t replica : {0, 1}) {
      ShowExhibitRequest request;
      request.set_name("exhibits/0190163d-8694-739b-aea5-966c26f8ad91");
      request.set_occasion(std::to_string(replica) + "." + std::to_string(i));
      const Principal& admin = replicas[replica]->admin();
      calls.emplace_back(request.occasion(),
                         replicas[replica]->Begin("ShowExhibit", request, admin));
    }
  }
  std::multiset<std::string> done;
  for (const auto& [occasion, call] : calls) {
    auto answer = call->Wait();
    EXPECT_TRUE(answer.ok() || answer.status().code() == Code::kAborted)
        << answer.status().ToString();
    if (answer.ok()) done.insert(occasion);
  }
  EXPECT_FALSE(done.empty());
  auto log = replicas[0]->Log();
  ASSERT_EQ(log.size(), done.size());
  Exhibit last;
  for (size_t i = 0; i < log.size(); ++i) {
    ExhibitEvent event;
    ASSERT_TRUE(event.ParseFromString(log[i].body()));
    last = event.exhibit();
    EXPECT_EQ(log[i].version(), static_cast<int64_t>(i + 1));
    EXPECT_EQ(last.year(), static_cast<int32_t>(i + 1)) << "built on what was never stored";
  }
  EXPECT_EQ(std::multiset<std::string>(last.tags().begin(), last.tags().end()), done);
}

}  // namespace
}  // namespace crm
