// The conformance suite finds faults: each is planted in one method, or in the migration, and the
// check that is there for it fails.
#include <gtest/gtest-spi.h>

#include "libs/command/record_codec.h"
#include "libs/entity/conformance_host.h"
#include "libs/entity/test_museum.h"

namespace crm::entity {
namespace {

using google::protobuf::Message;
using testing::v1::Exhibit;
using testing::v1::ExhibitCreated;
using testing::v1::ExhibitUpdated;
using testing::v1::Room;

// Wraps one method of the museum.
using Wrapper =
    std::function<Result<MessagePtr>(const Function& sound, Call&, const Message& request)>;

struct Fault {
  const char* check;
  const char* method;
  Wrapper wrapper;
};

const ConformanceCheck& CheckNamed(std::string_view name) {
  for (const auto* checks :
       {&WriteChecks(), &ReadChecks(), &ListChecks(), &InputChecks(), &TableChecks()}) {
    for (const auto& check : *checks) {
      if (name == check.name) return check;
    }
  }
  throw std::runtime_error("no check " + std::string(name));
}

// The request with its fields changed.
Wrapper Changing(std::function<void(Message&)> change) {
  return [change](const Function& sound, Call& call, const Message& request) {
    MessagePtr changed(request.New());
    changed->CopyFrom(request);
    change(*changed);
    return sound(call, *changed);
  };
}

Wrapper Without(const std::string& field) {
  return Changing([field](Message& request) {
    request.GetReflection()->ClearField(&request, request.GetDescriptor()->FindFieldByName(field));
  });
}

Exhibit Body(const Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("exhibit");
  return static_cast<const Exhibit&>(request.GetReflection()->GetMessage(request, field));
}

// What a handler without any of this library would do.
Result<MessagePtr> StoreAsSent(const Function&, Call& call, const Message& request) {
  Exhibit exhibit = Body(request);
  bool is_new = exhibit.name().empty();
  if (is_new) exhibit.set_name(call.types().Of(Exhibit::descriptor()).Name(call.NewId()));
  auto loaded = call.Find<Exhibit>(exhibit.name());
  if (!loaded.ok()) return loaded.status();
  auto status =
      is_new ? call.Store(exhibit, ExhibitCreated()) : call.Store(exhibit, ExhibitUpdated());
  if (!status.ok()) return status;
  return MessagePtr(std::make_unique<Exhibit>(exhibit));
}

// The record as it is today, whoever asks and whenever.
Result<MessagePtr> GetAnyway(const Function&, Call& call, const Message& request) {
  auto found =
      call.Find<Exhibit>(static_cast<const testing::v1::GetExhibitRequest&>(request).name());
  if (!found.ok()) return found.status();
  if (!*found) return NotFound("nothing");
  return MessagePtr(std::make_unique<Exhibit>(**found));
}

Wrapper DroppingTheFirst() {
  return [](const Function& sound, Call& call, const Message& request) {
    auto response = sound(call, request);
    auto& list = static_cast<testing::v1::ListExhibitsResponse&>(**response);
    if (list.exhibits_size() > 1) list.mutable_exhibits()->DeleteSubrange(0, 1);
    return response;
  };
}

const std::vector<Fault>& Faults() {
  static const std::vector<Fault> faults = {
      {"ReadsBackWhatWasCreated", "CreateExhibit", Changing([](Message& request) {
         SetField(*request.GetReflection()->MutableMessage(
                      &request, request.GetDescriptor()->FindFieldByName("exhibit")),
                  "display_name", std::string("x"));
       })},
      {"AbortsWhereTheEtagIsNotTheRecords", "DeleteExhibit", Without("etag")},
      {"ChangesOnlyWhatTheMaskNames", "UpdateExhibit", Without("update_mask")},
      {"TakesThePopulatedFieldsWithoutAMask", "UpdateExhibit", Changing([](Message& request) {
         static_cast<testing::v1::UpdateExhibitRequest&>(request).mutable_update_mask()->add_paths(
             "year");
       })},
      {"ReplacesTheWholeByAStar", "UpdateExhibit", Without("update_mask")},
      {"RefusesUnknownAndOutputOnlyPaths", "UpdateExhibit", Without("update_mask")},
      {"StoresNothingWhereNothingChanges", "UpdateExhibit", StoreAsSent},
      {"HidesWhatIsDeletedUntilItIsUndeleted", "ListExhibits",
       Changing([](Message& request) { SetField(request, "show_deleted", true); })},
      {"RefusesEveryFaultByItsPath", "CreateExhibit", StoreAsSent},
      {"NamesAllFaultsAtOnce", "CreateExhibit", StoreAsSent},
      {"RefusesMalformedNames", "GetExhibit",
       [](const Function&, Call&, const Message&) {
         return Result<MessagePtr>(NotFound("nothing"));
       }},
      {"ObeysTheCallersScope", "GetExhibit", GetAnyway},
      {"GetsManyAtOnce", "BatchGetExhibits",
       [](const Function& sound, Call& call, const Message& request) {
         auto response = sound(call, request);
         auto& list = static_cast<testing::v1::BatchGetExhibitsResponse&>(**response);
         list.mutable_exhibits()->SwapElements(0, 1);
         return response;
       }},
      {"KnowsARecordAsOfAnyMoment", "GetExhibit", GetAnyway},
      {"KnowsARecordEffectiveAsOfAnyMoment", "GetExhibit", GetAnyway},
      {"HidesThePastOfWhatIsHidden", "GetExhibit", GetAnyway},
      {"PagesAreStable", "ListExhibits", DroppingTheFirst()},
      {"RefusesPagesThatItDidNotBegin", "ListExhibits", Without("page_token")},
      {"FiltersAsMemoryDoes", "ListExhibits", Without("filter")},
      {"FiltersListsAsMemoryDoes", "ListExhibits", Without("filter")},
      {"FindsWordsAsMemoryDoes", "ListExhibits", Without("filter")},
      {"RefusesFiltersByOtherFields", "ListExhibits", Without("filter")},
      {"OrdersAsMemoryDoes", "ListExhibits", Without("order_by")},
      {"ListsAsOfAnyMoment", "ListExhibits", DroppingTheFirst()},
  };
  return faults;
}

class PlantedFault : public ::testing::TestWithParam<Fault> {};

ConformanceService Museum(std::function<std::vector<MethodBinding>(const RecordTypes&)> methods) {
  ConformanceService museum;
  museum.records = {Exhibit::descriptor(), Room::descriptor()};
  museum.methods = std::move(methods);
  museum.entities = {{"crm.testing.v1.ExhibitService", Exhibit::descriptor()}};
  museum.entities[0].adjust = [](ConformanceHost&, Message& example, int) {
    static_cast<Exhibit&>(example).set_kind(Exhibit::PAINTING);
  };
  return museum;
}

// How many expectations fail; an exception of the host counts as one.
int Failures(const ConformanceCheck& check, ConformanceHost& host) {
  ::testing::TestPartResultArray results;
  ::testing::ScopedFakeTestPartResultReporter reporter(
      ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
  int thrown = 0;
  try {
    check.run(host);
  } catch (const std::runtime_error&) {
    thrown = 1;
  }
  return results.size() + thrown;
}

TEST_P(PlantedFault, IsFoundByTheCheckThatIsThereForIt) {
  const Fault& fault = GetParam();
  ConformanceService sound = Museum(MuseumMethods);
  ConformanceHost healthy(sound, sound.entities[0], nullptr, 1);
  EXPECT_EQ(Failures(CheckNamed(fault.check), healthy), 0);

  ConformanceService museum = Museum([&fault](const RecordTypes& types) {
    auto methods = MuseumMethods(types);
    for (auto& binding : methods) {
      if (binding.method->name() != fault.method) continue;
      auto faulty = [&fault, method = AsMessages(binding)](Call& call, const Message& request) {
        return fault.wrapper(method, call, request);
      };
      binding = {.method = binding.method, .unary = faulty};
    }
    return methods;
  });
  ConformanceHost host(museum, museum.entities[0], nullptr, 1);
  EXPECT_GT(Failures(CheckNamed(fault.check), host), 0);
}

INSTANTIATE_TEST_SUITE_P(Museum, PlantedFault, ::testing::ValuesIn(Faults()),
                         [](const auto& one) { return std::string(one.param.check); });

TEST(PlantedGap, IsFoundByTheCheckOfHandlers) {
  ConformanceService museum = Museum([](const RecordTypes& types) {
    auto methods = MuseumMethods(types);
    std::erase_if(methods, [](const auto& one) { return one.method->name() == "GetExhibit"; });
    return methods;
  });
  ConformanceHost host(museum, museum.entities[0], nullptr, 1);
  EXPECT_EQ(Failures(CheckNamed("HasAHandlerAndAPermissionForEveryMethod"), host), 1);
}

// The same for the table: a migration that forgets what every table needs.
TEST(PlantedMigration, IsFoundByTheTableChecks) {
  auto migrations = test::KernelAnd("libs/entity/testdata/migrations");
  std::string& sql = migrations.back().sql;
  auto replace = [&sql](const std::string& from, const std::string& to) {
    ASSERT_NE(sql.find(from), std::string::npos) << from;
    sql.replace(sql.find(from), from.size(), to);
  };
  replace("nickname text COLLATE \"C\"", "nickname text");
  replace("ARRAY['exhibits', 'rooms']", "ARRAY['rooms']");
  test::PgSchema schema(migrations);
  ConformanceService museum = Museum(MuseumMethods);
  ConformanceHost host(museum, museum.entities[0], &schema, 1);
  EXPECT_EQ(Failures(CheckNamed("HasTheColumnsOfItsDescriptor"), host), 1);
  EXPECT_GT(Failures(CheckNamed("KeepsTenantsApartByRowSecurity"), host), 0);
  schema.Execute("CREATE UNIQUE INDEX ON exhibits (code)");
  schema.Execute("SELECT crm_protect('exhibits')");
  EXPECT_EQ(Failures(CheckNamed("KeepsTenantsApartByRowSecurity"), host), 1);
  EXPECT_EQ(Failures(CheckNamed("ColumnsAreAnIndexOfTheBody"), host), 0);
  schema.Execute(
      "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN NEW.year = NEW.year + 1; RETURN NEW; END $$");
  schema.Execute(
      "CREATE TRIGGER spoil BEFORE INSERT ON exhibits FOR EACH ROW EXECUTE FUNCTION spoil()");
  EXPECT_GT(Failures(CheckNamed("ColumnsAreAnIndexOfTheBody"), host), 0);
}

}  // namespace
}  // namespace crm::entity
