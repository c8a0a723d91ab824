// The suite that every entity passes, on both stores, from its proto alone: a service says what it
// has and gets one test for each (entity, check, store). For tests only; library
// crm_entity_conformance.
//
//   class Conformance : public entity::ConformanceTest {};
//   TEST_P(Conformance, Holds) { Run(); }
//   INSTANTIATE_TEST_SUITE_P(Leads, Conformance, ::testing::ValuesIn(entity::ConformanceCases({
//                                .records = {Lead::descriptor(), Source::descriptor()},
//                                .methods = leads::Methods,
//                                .migrations = "services/leads/migrations",
//                                .entities = {{"crm.leads.v1.LeadService", Lead::descriptor()}}})),
//                            entity::ConformanceCaseName);
//
// Records come from an example generator, which fills every field that a client can set from the
// field's options; where a service's hooks want more, `adjust` says so.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "libs/command/pipeline.h"
#include "libs/testing/pg_schema.h"

namespace crm::entity {

class ConformanceHost;

struct ConformanceEntity {
  // "crm.leads.v1.LeadService"
  std::string service;
  const google::protobuf::Descriptor* record = nullptr;
  // Makes a generated example fit the hooks. Equal salts give equal examples; different ones
  // differ, in unique fields always.
  std::function<void(ConformanceHost&, google::protobuf::Message& example, int salt)> adjust =
      nullptr;
  // Top-level fields that the hooks rewrite or do not let every update change: left out where
  // single fields are updated or compared with what was sent.
  std::set<std::string> frozen = {};
  // Where a tenant has one such record: its id. The service makes it, clients only update it.
  std::function<Uuid(const Uuid& tenant)> only = nullptr;
};

struct ConformanceService {
  // All records of the service.
  std::vector<const google::protobuf::Descriptor*> records;
  std::function<std::vector<MethodBinding>(const RecordTypes&)> methods;
  // Folder.
  std::string migrations;
  std::vector<ConformanceEntity> entities;
};

// One thing that must hold; expectations of GoogleTest say what does not.
struct ConformanceCheck {
  const char* name;
  void (*run)(ConformanceHost&);
  // Whether it means something for the host's entity.
  bool (*applies)(const ConformanceHost&);
  bool on_memory = true;
};

struct ConformanceCase {
  std::shared_ptr<const ConformanceService> service;
  size_t entity = 0;
  const ConformanceCheck* check = nullptr;
  bool on_postgres = false;
};

// All that apply.
std::vector<ConformanceCase> ConformanceCases(ConformanceService service);
// "Lead_PagesAreStable_OnPostgres"
std::string ConformanceCaseName(const ::testing::TestParamInfo<ConformanceCase>& info);

void PrintTo(const ConformanceCase& one, std::ostream* out);

// Cases on PostgreSQL share one schema, each in a tenant of its own.
class ConformanceTest : public ::testing::TestWithParam<ConformanceCase> {
 protected:
  static void TearDownTestSuite();
  void Run();
};

// The checks, by what they are about.
const std::vector<ConformanceCheck>& WriteChecks();
const std::vector<ConformanceCheck>& ReadChecks();
const std::vector<ConformanceCheck>& ListChecks();
const std::vector<ConformanceCheck>& InputChecks();
const std::vector<ConformanceCheck>& TableChecks();

}  // namespace crm::entity
