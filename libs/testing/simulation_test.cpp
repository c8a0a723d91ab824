#include "libs/testing/simulation.h"

#include <gtest/gtest.h>

#include <set>

#include "crm/testing/v1/exhibit_events.pb.h"
#include "crm/testing/v1/exhibit_service.pb.h"
#include "libs/command/record_codec.h"

namespace crm::test {
namespace {

using namespace testing::v1;  // NOLINT: messages only

constexpr Uuid kTenant{{1}};
constexpr const char* kCreate = "crm.testing.v1.ExhibitService/CreateExhibit";
constexpr const char* kRoom = "rooms/00000000-0000-0000-0000-000000000001";

std::shared_ptr<const RecordTypes> Types() {
  return std::make_shared<RecordTypes>(
      std::vector<const google::protobuf::Descriptor*>{Exhibit::descriptor(), Room::descriptor()});
}

// Creates exhibits; each is changed once more by a timer after a quarter of an hour.
ServiceDefinition Museum() {
  ServiceDefinition museum;
  museum.name = "museum";
  museum.types = Types();
  const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      "crm.testing.v1.ExhibitService");
  museum.methods = {Bind<CreateExhibitRequest, Exhibit>(
      service, "CreateExhibit",
      [](Call& call, const CreateExhibitRequest& request) -> Result<Exhibit> {
        Exhibit exhibit = request.exhibit();
        exhibit.set_name("exhibits/" + call.NewId().ToString());
        auto status = call.StoreWithFact(exhibit, "created");
        if (!status.ok()) return status;
        status =
            call.SetTimer("show", exhibit.name(), call.now() + std::chrono::minutes(15), exhibit);
        if (!status.ok()) return status;
        return exhibit;
      })};
  museum.timers = {{"show", [](Call& call, const FiredTimer& fired) -> Status {
                      auto exhibit = call.Load<Exhibit>(fired.timer.subject());
                      if (!exhibit.ok()) return exhibit.status();
                      exhibit->set_state(Exhibit::SHOWN);
                      return call.Store(*exhibit, ExhibitShown());
                    }}};
  return museum;
}

// Keeps the newest exhibit's name in a room: by its year, or (the planted bug) by the order of
// arrival over all subjects.
ServiceDefinition Catalogue(bool by_arrival) {
  ServiceDefinition catalogue;
  catalogue.name = "catalogue";
  catalogue.types = Types();
  events::EventConsumer consumer;
  consumer.name = "catalogue.on_museum";
  consumer.sources = {"museum"};
  consumer.functions.insert(events::On<ExhibitEvent>(
      [by_arrival](Call& call, const ExhibitEvent& event, const events::Event&) -> Status {
        auto room = call.Find<Room>(kRoom);
        if (!room.ok()) return room.status();
        Room next = room->value_or(Room());
        next.set_name(kRoom);
        std::string newest = std::to_string(event.exhibit().year());
        if (!by_arrival && newest <= next.display_name()) return Status::Ok();
        next.set_display_name(newest);
        return call.StoreWithFact(next, *room ? "updated" : "created");
      }));
  catalogue.consumers = {consumer};
  return catalogue;
}

struct Outcome {
  std::string hash, newest;
  std::vector<std::string> deliveries;
  int shown = 0;
};

std::vector<kernel::v1::LogRow> LogOf(Simulation& world, const char* service) {
  return *world.store(service).ReadLog({}, {});
}

// Three exhibits of 1501 to 1503, then half an hour.
Outcome Play(uint64_t seed, bool by_arrival) {
  Simulation world({Museum(), Catalogue(by_arrival)}, seed);
  for (int year = 1501; year <= 1503; ++year) {
    CreateExhibitRequest request;
    request.mutable_exhibit()->set_year(year);
    auto created = world.Call<Exhibit>(kCreate, request, Simulation::Admin(kTenant));
    EXPECT_TRUE(created.ok()) << created.status().ToString();
  }
  world.RunUntilIdle();
  RoomEvent last;
  EXPECT_TRUE(last.ParseFromString(LogOf(world, "catalogue").back().body()));
  Outcome outcome;
  outcome.newest = last.room().display_name();
  world.AdvanceTo(kMonday + std::chrono::minutes(30));
  for (const auto& row : LogOf(world, "museum")) {
    outcome.shown += row.type() == "crm.testing.v1.ExhibitShown";
  }
  outcome.hash = world.LogHash();
  outcome.deliveries = world.deliveries();
  return outcome;
}

TEST(Simulation, RepeatsItselfForTheSameSeed) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Outcome first = Play(seed, false), second = Play(seed, false);
    EXPECT_EQ(first.hash, second.hash);
    EXPECT_EQ(first.deliveries, second.deliveries);
  }
}

TEST(Simulation, BringsEventsInManyOrdersAndSomeTwice) {
  std::set<std::vector<std::string>> orders;
  size_t most = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Outcome outcome = Play(seed, false);
    most = std::max(most, outcome.deliveries.size());
    orders.insert(outcome.deliveries);
  }
  EXPECT_GT(orders.size(), 10u);
  EXPECT_GT(most, 6u) << "three creations, three showings, and repeats";
}

TEST(Simulation, FiresTimersAtTheirVirtualMoment) {
  for (uint64_t seed = 0; seed < 20; ++seed) EXPECT_EQ(Play(seed, false).shown, 3);
}

TEST(Simulation, FindsAConsumerThatDependsOnTheOrderOfSubjects) {
  int wrong = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    EXPECT_EQ(Play(seed, false).newest, "1503");
    wrong += Play(seed, true).newest != "1503";
  }
  EXPECT_GT(wrong, 0);
}

}  // namespace
}  // namespace crm::test
