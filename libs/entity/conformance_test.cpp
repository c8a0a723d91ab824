// The suite on the museum; that it finds faults at all is shown by planted ones.
#include "libs/entity/conformance.h"

#include "libs/entity/test_museum.h"

namespace crm::entity {
namespace {

using testing::v1::Exhibit;
using testing::v1::Room;

// Statues are not fragile: the hook wants it.
void Adjust(ConformanceHost&, google::protobuf::Message& example, int) {
  auto& exhibit = static_cast<Exhibit&>(example);
  if (exhibit.kind() == Exhibit::STATUE) exhibit.set_kind(Exhibit::PAINTING);
}

class Conformance : public ConformanceTest {};

TEST_P(Conformance, Holds) {
  Run();
}

INSTANTIATE_TEST_SUITE_P(
    Museum, Conformance,
    ::testing::ValuesIn(ConformanceCases(
        {.records = {Exhibit::descriptor(), Room::descriptor()},
         .methods = MuseumMethods,
         .migrations = "libs/entity/testdata/migrations",
         .entities = {{"crm.testing.v1.ExhibitService", Exhibit::descriptor(), Adjust},
                      {"crm.testing.v1.RoomService", Room::descriptor()}}})),
    ConformanceCaseName);

}  // namespace
}  // namespace crm::entity
