// The records and filters of the differential test. Only tests include this.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crm/testing/v1/specimen.pb.h"
#include "libs/filter/schema.h"
#include "libs/filter/sql.h"

namespace crm::filter {

// Every kind of place at which a value can be: never unset; unset by itself; in a message that can
// be unset; in a map; in a repeated field; a whole map.
enum class Place { kPlain, kOptional, kNested, kEntry, kRepeated, kWhole };

struct Subject {
  std::string path;
  Place place;
};

// A filter; `form` is what it does with `subject` ("=", "!= prefix", "NOT presence"), which is null
// for combinations.
struct Probe {
  std::string text;
  std::string form;
  const Subject* subject = nullptr;
};

// Paths of all types at all places.
const std::vector<Subject>& Subjects();
// The repeated fields and maps that are kept in custom_index.
const std::vector<std::string>& IndexedFields();
Schema SpecimenSchema();

// Every form that a path's type and place allow, with several values each, plain and negated; and
// random combinations of those.
std::vector<Probe> Probes(size_t combinations);
// An empty one, then random ones with few different values, so that conditions often meet what they
// look for. The same ones every time.
std::vector<testing::v1::Specimen> Specimens(size_t count);

// The columns of a table of specimens: `t.` and the path with _ for dots.
SqlColumn::Kind ColumnKind(const FieldPath& path);
std::string ColumnName(std::string path);
std::string UuidPrefix(const FieldPath& path);
class SpecimenColumns final : public SqlColumns {
 public:
  std::optional<SqlColumn> Find(const FieldPath& path) const override;
  // A column `search`.
  std::optional<std::string> Search(std::string_view placeholder) const override;
};

}  // namespace crm::filter
