// The two back ends against each other: random records and systematic filters, in memory and on
// PostgreSQL.
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "libs/filter/evaluate.h"
#include "libs/filter/operators.h"
#include "libs/filter/required_texts.h"
#include "libs/filter/search_text.h"
#include "libs/filter/specimen_probes.h"
#include "libs/filter/sql.h"
#include "libs/pg/to_param.h"
#include "libs/testing/pg_schema.h"

namespace crm::filter {
namespace {

using testing::v1::Specimen;

const Time kNow = Time(std::chrono::seconds(1'700'000'000));
const Uuid kTenant = NamedUuid("tenant", "differential");

std::string ColumnType(SqlColumn::Kind kind) {
  constexpr const char* kTypes[] = {"bool", "bigint", "float8", "text", "uuid", "timestamptz"};
  return kTypes[static_cast<size_t>(kind)];
}

class Differential : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    specimens_ = Specimens(kRecords);
    schema_ = std::make_unique<test::PgSchema>(Ddl());
    for (size_t n = 0; n < specimens_.size(); ++n) Insert(n);
    for (const Probe& probe : Probes(kCombinations)) {
      Result<CheckedFilter> filter = ParseAndCheck(probe.text, SpecimenSchema());
      ASSERT_TRUE(filter.ok()) << probe.text << ": " << filter.status().ToString();
      Result<SqlCondition> sql = Translate(*filter, 2);
      ASSERT_TRUE(sql.ok()) << probe.text << ": " << sql.status().ToString();
      runs_.push_back({probe, *filter, *sql, {}});
    }
    // Many conditions in one statement, because the way to the server costs more than the work
    // there.
    constexpr size_t kBatch = 30;
    for (size_t first = 0; first < runs_.size(); first += kBatch) {
      std::vector<SqlCondition> batch;
      size_t next = 2;
      for (size_t i = first; i < std::min(first + kBatch, runs_.size()); ++i) {
        batch.push_back(*Translate(runs_[i].filter, next));
        next += batch.back().params.size();
      }
      auto found = Select(batch);
      ASSERT_TRUE(found.ok()) << runs_[first].probe.text << " or one of the next\n"
                              << found.status().ToString();
      for (size_t i = 0; i < batch.size(); ++i) runs_[first + i].found = std::move((*found)[i]);
    }
  }

  static void TearDownTestSuite() {
    schema_.reset();
    runs_.clear();
  }

  struct Run {
    Probe probe;
    CheckedFilter filter;
    SqlCondition sql;
    std::vector<bool> found;
  };

  static constexpr size_t kRecords = 120;
  static constexpr size_t kCombinations = 1000;

  static std::vector<FieldPath> ColumnPaths() {
    std::vector<FieldPath> paths;
    for (const Subject& subject : Subjects()) {
      FieldPath path = *SpecimenSchema().Resolve(subject.path);
      if (ColumnKind(path) != SqlColumn::Kind::kIndexed) paths.push_back(std::move(path));
    }
    for (const char* extra : {"amount.currency_code"}) {
      paths.push_back(*SpecimenSchema().Resolve(extra));
    }
    return paths;
  }

  static std::string Ddl() {
    std::string sql =
        "CREATE TABLE specimens (tenant uuid NOT NULL, id uuid NOT NULL, n bigint NOT NULL, "
        "search text COLLATE \"C\" NOT NULL";
    for (const FieldPath& path : ColumnPaths()) {
      SqlColumn::Kind kind = ColumnKind(path);
      sql += ", " + ColumnName(path.text) + " " + ColumnType(kind);
      if (kind == SqlColumn::Kind::kText) sql += " COLLATE \"C\"";
      bool never_null =
          !path.can_be_unset && kind != SqlColumn::Kind::kUuid && path.type != Type::kBytes;
      if (never_null) sql += " NOT NULL";
    }
    return sql +
           ", PRIMARY KEY (tenant, id)); "
           "CREATE TABLE custom_index (tenant uuid NOT NULL, entity text COLLATE \"C\" NOT NULL, "
           "field text COLLATE \"C\" NOT NULL, value text COLLATE \"C\" NOT NULL, id uuid NOT "
           "NULL, "
           "PRIMARY KEY (tenant, entity, field, value, id));";
  }

  static void Insert(size_t n) {
    const Specimen& specimen = specimens_[n];
    Uuid id = NamedUuid("specimen", std::to_string(n));
    std::vector<pg::Param> params = {
        pg::Value(kTenant), pg::Value(id), pg::Value(static_cast<int64_t>(n)),
        pg::Value(SearchText(specimen, SpecimenSchema().searchable()))};
    std::string sql = "INSERT INTO specimens VALUES ($1::uuid, $2::uuid, $3::bigint, $4::text";
    for (const FieldPath& path : ColumnPaths()) {
      SqlColumn::Kind kind = ColumnKind(path);
      std::optional<SqlValue> value = ColumnValue(path, kind, UuidPrefix(path), specimen);
      params.push_back(value ? pg::ToParam(*value) : pg::Param(pg::Value(pg::Null())));
      sql += ", $" + std::to_string(params.size()) + "::" + ColumnType(kind);
    }
    schema_->Execute(sql + ")", std::move(params));
    std::vector<std::optional<std::string>> fields, values;
    for (const std::string& name : IndexedFields()) {
      for (IndexRow& row : IndexRows(*SpecimenSchema().Resolve(name), specimen)) {
        fields.push_back(std::move(row.field));
        values.push_back(std::move(row.value));
      }
    }
    schema_->Execute(
        "INSERT INTO custom_index SELECT $1::uuid, 'specimen', f, v, $2::uuid "
        "FROM unnest($3::text[], $4::text[]) AS rows(f, v)",
        {pg::Value(kTenant), pg::Value(id), pg::Array(fields), pg::Array(values)});
  }

  static Result<SqlCondition> Translate(const CheckedFilter& filter, size_t first_placeholder) {
    EvalContext context{.now = kNow};
    return ToSql(filter, SpecimenColumns(),
                 {.first_placeholder = first_placeholder, .context = context});
  }

  // For each condition, which records it finds. Their placeholders follow each other from 2.
  static Result<std::vector<std::vector<bool>>> Select(
      const std::vector<SqlCondition>& conditions) {
    pg::Statement statement{"", {pg::Value(kTenant)}};
    for (size_t i = 0; i < conditions.size(); ++i) {
      statement.sql += (i > 0 ? " UNION ALL SELECT " : "SELECT ") + std::to_string(i) +
                       "::bigint, t.n FROM specimens t WHERE t.tenant = $1::uuid AND " +
                       conditions[i].text;
      for (const SqlValue& value : conditions[i].params)
        statement.params.push_back(pg::ToParam(value));
    }
    Result<pg::Rows> rows = schema_->owner().Read(statement);
    if (!rows.ok()) return rows.status();
    std::vector<std::vector<bool>> found(conditions.size(), std::vector<bool>(kRecords));
    for (size_t i = 0; i < rows->size(); ++i) {
      found[static_cast<size_t>(rows->GetInt(i, 0))][static_cast<size_t>(rows->GetInt(i, 1))] =
          true;
    }
    return found;
  }

  static bool InMemory(const CheckedFilter& filter, size_t n, const Operators& operators) {
    EvalContext context{.now = kNow};
    return Evaluate(filter.condition(), &specimens_[n], context, operators) == Truth::kTrue;
  }

  // The first probe on which a table of operators disagrees with PostgreSQL; empty where there is
  // none.
  static std::string FirstDifference(const Operators& operators) {
    for (const Run& run : runs_) {
      for (size_t n = 0; n < kRecords; ++n) {
        if (InMemory(run.filter, n, operators) != run.found[n]) return run.probe.text;
      }
    }
    return "";
  }

  static inline std::vector<Specimen> specimens_;
  static inline std::unique_ptr<test::PgSchema> schema_;
  static inline std::vector<Run> runs_;
};

TEST_F(Differential, BothBackEndsFindTheSameRecords) {
  int different = 0;
  for (const Run& run : runs_) {
    for (size_t n = 0; n < kRecords; ++n) {
      if (InMemory(run.filter, n, kOperators) == run.found[n]) continue;
      ADD_FAILURE() << run.probe.text << "\n"
                    << run.sql.text << "\nPostgreSQL says " << run.found[n] << " of\n"
                    << specimens_[n].ShortDebugString();
      if (++different == 10) FAIL() << "and more";
      break;
    }
  }
  std::printf("%zu filters on %zu records: %zu pairs\n", runs_.size(), kRecords,
              runs_.size() * kRecords);
  EXPECT_GT(runs_.size(), 3000u);
}

TEST_F(Differential, RequiredTextsAreThoseOfEveryRecordThatIsFound) {
  size_t said = 0;
  for (const Run& run : runs_) {
    auto required = RequiredTexts(run.filter);
    if (!required) continue;
    ++said;
    FieldPath path = *SpecimenSchema().Resolve(required->path);
    for (size_t n = 0; n < kRecords; ++n) {
      if (!run.found[n]) continue;
      auto value = ReadValue(path, specimens_[n]);
      ASSERT_TRUE(value) << run.probe.text;
      EXPECT_TRUE(required->texts.contains(std::get<std::string>(*value))) << run.probe.text;
    }
  }
  EXPECT_GT(said, 50u);
}

// What a record has at the subject's path.
std::string StateOf(const FieldPath& path, const Specimen& specimen) {
  bool reached = false;
  bool present = AnyLeaf(path, specimen, [&](const Leaf& leaf) {
    reached = true;
    return IsPresent(path, leaf);
  });
  return present ? "set" : reached ? "default" : "unset";
}

using Cells = std::map<std::tuple<Place, Type, std::string>, std::set<std::string>>;

// What must have been asked of every type at every place.
std::vector<std::string> RequiredForms(Place place, Type type) {
  bool ordered = type != Type::kBool && type != Type::kEnum;
  std::vector<std::string> forms = {":"};
  std::vector<std::string> equalities = {":"};
  if (place != Place::kRepeated) {
    equalities = {":", "=", "!="};
    forms = equalities;
    if (ordered) forms.insert(forms.end(), {"<", "<=", ">", ">="});
  }
  if (type != Type::kString) return forms;
  for (const std::string& op : equalities) {
    for (const char* kind : {" prefix", " suffix", " infix"}) forms.push_back(op + kind);
  }
  return forms;
}

void ExpectCovered(const Cells& cells, Place place, Type type, const std::string& form) {
  std::string where = "place " + std::to_string(static_cast<int>(place)) + " type " +
                      std::to_string(static_cast<int>(type)) + " form " + form;
  auto found = cells.find({place, type, form});
  ASSERT_NE(found, cells.end()) << where;
  const std::set<std::string>& cell = found->second;
  EXPECT_TRUE(cell.contains("set and found")) << where;
  EXPECT_TRUE(cell.contains("set and not found")) << where;
  if (place == Place::kPlain) return;
  EXPECT_TRUE(cell.contains("unset and not found") || place == Place::kRepeated) << where;
  EXPECT_TRUE(cell.contains("unset")) << where;
  EXPECT_FALSE(cell.contains("unset and found") && place != Place::kRepeated) << where;
}

TEST_F(Differential, CoversEveryOperatorWithEveryTypeSetAndUnset) {
  Cells cells;
  for (const Run& run : runs_) {
    if (run.probe.subject == nullptr) continue;
    FieldPath path = *SpecimenSchema().Resolve(run.probe.subject->path);
    auto& cell = cells[{run.probe.subject->place, path.type, run.probe.form}];
    for (size_t n = 0; n < kRecords; ++n) {
      std::string state = StateOf(path, specimens_[n]);
      cell.insert(state);
      cell.insert(state + (run.found[n] ? " and found" : " and not found"));
    }
  }
  for (Place place :
       {Place::kPlain, Place::kOptional, Place::kNested, Place::kEntry, Place::kRepeated}) {
    for (Type type : {Type::kBool, Type::kInt, Type::kDouble, Type::kString, Type::kEnum,
                      Type::kTime, Type::kDuration}) {
      // A message cannot be plain: it can be unset.
      if (place == Place::kPlain && (type == Type::kTime || type == Type::kDuration)) continue;
      for (const std::string& form : RequiredForms(place, type)) {
        ExpectCovered(cells, place, type, form);
        ExpectCovered(cells, place, type, "NOT " + form);
      }
    }
  }
}

TEST_F(Differential, CoversPresenceOfWhatHasNoValue) {
  const std::vector<std::string> paths = {"blob",       "amount", "parent.amount", "parent.blob",
                                          "balances.k", "phones", "custom_fields", "balances"};
  for (const std::string& name : paths) {
    FieldPath path = *SpecimenSchema().Resolve(name);
    std::set<std::string> seen;
    for (const Run& run : runs_) {
      if (run.probe.text != name + ":*") continue;
      for (size_t n = 0; n < kRecords; ++n) {
        bool set = StateOf(path, specimens_[n]) == "set";
        EXPECT_EQ(run.found[n], set) << name;
        seen.insert(set ? "set" : "unset");
      }
    }
    EXPECT_EQ(seen.size(), 2u) << name;
  }
}

TEST_F(Differential, FindsAFaultPlantedInAnyOperatorInMemory) {
  for (size_t op = 1; op + 1 < kOperatorCount; ++op) {
    for (size_t other = 1; other + 1 < kOperatorCount; ++other) {
      if (op == other) continue;
      Operators faulty = kOperators;
      faulty.compare[op] = kOperators.compare[other];
      EXPECT_NE(FirstDifference(faulty), "") << op << " behaves like " << other;
    }
  }
  auto expect_found = [](const char* what, auto plant) {
    Operators faulty = kOperators;
    plant(faulty);
    EXPECT_NE(FirstDifference(faulty), "") << what;
  };
  expect_found("AND is OR", [](Operators& o) { o.conjunction = kOperators.disjunction; });
  expect_found("OR is AND", [](Operators& o) { o.disjunction = kOperators.conjunction; });
  expect_found("NOT does nothing", [](Operators& o) { o.negation = [](Truth t) { return t; }; });
  expect_found("NOT UNKNOWN is TRUE", [](Operators& o) {
    o.negation = [](Truth t) { return t == Truth::kTrue ? Truth::kFalse : Truth::kTrue; };
  });
  expect_found("unset is FALSE", [](Operators& o) { o.unset = Truth::kFalse; });
  expect_found("unset is TRUE", [](Operators& o) { o.unset = Truth::kTrue; });
  expect_found("presence is absence", [](Operators& o) { o.present = [](bool p) { return !p; }; });
  expect_found("everything is present",
               [](Operators& o) { o.present = [](bool) { return true; }; });
  expect_found("a pattern needs its ends only", [](Operators& o) {
    o.pattern = [](const Pattern& p, std::string_view text) {
      return text.starts_with(p.parts.front()) && text.ends_with(p.parts.back());
    };
  });
  expect_found("a pattern is its prefix", [](Operators& o) {
    o.pattern = [](const Pattern& p, std::string_view text) {
      return text.starts_with(p.parts.front());
    };
  });
  expect_found("a word must be at the beginning", [](Operators& o) {
    o.contains = [](const std::string& text, const std::string& word) {
      return text.starts_with(word);
    };
  });
  EXPECT_EQ(FirstDifference(kOperators), "");
}

TEST_F(Differential, FindsAFaultPlantedInTheSql) {
  const std::vector<std::pair<std::string, std::string>> faults = {{" = $", " <> $"},
                                                                   {" <> $", " = $"},
                                                                   {" < ", " <= "},
                                                                   {" <= ", " < "},
                                                                   {" > ", " >= "},
                                                                   {" >= ", " > "},
                                                                   {" AND t.", " OR t."},
                                                                   {" OR ", " AND "},
                                                                   {"NOT (", "("},
                                                                   {"NOT EXISTS", "EXISTS"},
                                                                   {"EXISTS", "NOT EXISTS"},
                                                                   {"IS NOT NULL", "IS NULL"},
                                                                   {"IS NULL", "IS NOT NULL"},
                                                                   {" LIKE ", " NOT LIKE "},
                                                                   {"ESCAPE '!'", "ESCAPE ''"},
                                                                   {"IS DISTINCT FROM", "<>"},
                                                                   {"strpos", "-1 + strpos"}};
  for (const auto& [right, wrong] : faults) {
    bool found = false;
    for (const Run& run : runs_) {
      size_t at = run.sql.text.find(right);
      if (at == std::string::npos) continue;
      SqlCondition faulty = run.sql;
      faulty.text.replace(at, right.size(), wrong);
      auto rows = Select({faulty});
      found = rows.ok() && (*rows)[0] != run.found;
      if (found) break;
    }
    EXPECT_TRUE(found) << right << " written as " << wrong;
  }
}

}  // namespace
}  // namespace crm::filter
