#include "libs/entity/conformance.h"

#include <sstream>

#include "libs/entity/conformance_host.h"

namespace crm::entity {

namespace {

// One schema for all cases of a program: making one takes longer than a case.
std::unique_ptr<test::PgSchema>& SharedSchema() {
  static std::unique_ptr<test::PgSchema> schema;
  return schema;
}

}  // namespace

std::vector<ConformanceCase> ConformanceCases(ConformanceService service) {
  auto shared = std::make_shared<const ConformanceService>(std::move(service));
  std::vector<ConformanceCase> cases;
  for (size_t entity = 0; entity < shared->entities.size(); ++entity) {
    ConformanceHost host(*shared, shared->entities[entity], nullptr, 1);
    for (const auto* checks :
         {&WriteChecks(), &ReadChecks(), &ListChecks(), &InputChecks(), &TableChecks()}) {
      for (const auto& check : *checks) {
        if (!check.applies(host)) continue;
        if (check.on_memory) cases.push_back({shared, entity, &check, false});
        cases.push_back({shared, entity, &check, true});
      }
    }
  }
  return cases;
}

void PrintTo(const ConformanceCase& one, std::ostream* out) {
  *out << one.service->entities[one.entity].record->name() << "_" << one.check->name
       << (one.on_postgres ? "_OnPostgres" : "_OnMemory");
}

std::string ConformanceCaseName(const ::testing::TestParamInfo<ConformanceCase>& info) {
  std::ostringstream name;
  PrintTo(info.param, &name);
  return name.str();
}

void ConformanceTest::TearDownTestSuite() {
  SharedSchema().reset();
}

void ConformanceTest::Run() {
  const ConformanceCase& one = GetParam();
  auto& schema = SharedSchema();
  if (one.on_postgres && schema == nullptr) {
    schema = std::make_unique<test::PgSchema>(test::KernelAnd(one.service->migrations));
  }
  // A tenant of its own for each case.
  static uint64_t seed = 1;
  ConformanceHost host(*one.service, one.service->entities[one.entity],
                       one.on_postgres ? schema.get() : nullptr, ++seed);
  one.check->run(host);
}

}  // namespace crm::entity
