// How values are kept in columns and index rows, so that SQL finds what evaluation in memory finds.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/filter/field_path.h"
#include "libs/filter/value.h"

namespace crm::filter {

// A statement parameter or a column's content; the list is a parameter only.
using SqlValue =
    std::variant<bool, int64_t, double, std::string, Uuid, Time, std::vector<std::string>>;

// Where the values of a repeated field or a map are: rows of (tenant, entity, field, value, id),
// value text COLLATE "C". All members are trusted SQL but `entity`, which travels as a parameter.
struct SqlIndex {
  std::string table;   // "custom_index"
  std::string tenant;  // "t.tenant"
  std::string id;      // "t.id"
  std::string entity;  // "lead"
  // What of the ids can count at all: "> $3::uuid"; empty: any.
  std::string bound = {};
};

// Where the value of a path is. A column holds
//   - a scalar without presence, in the subject itself: its value, never NULL (but see kUuid);
//   - everything else: its value, or NULL exactly where it or a message on the way to it is unset.
struct SqlColumn {
  enum class Kind {
    kBool,     // bool; also the presence of a message or of bytes: TRUE or NULL
    kInt,      // bigint: integers, an enum's number, a Duration's microseconds
    kDouble,   // double precision
    kText,     // text COLLATE "C"
    kUuid,     // uuid: a string that is `prefix` and a UUID in lower case; an empty one without
               // presence is NULL
    kTime,     // timestamptz
    kIndexed,  // rows of `index`
  };
  Kind kind = Kind::kText;
  std::string expression{};  // trusted SQL: "t.state"
  std::string prefix{};      // kUuid: "leads/"
  SqlIndex index{};          // kIndexed
};

// What a record's column of that kind must hold; nullopt is NULL. The path must not be `multiple`.
std::optional<SqlValue> ColumnValue(const FieldPath& path, SqlColumn::Kind kind,
                                    const std::string& prefix,
                                    const google::protobuf::Message& message);

// A row of a SqlIndex, without what is the same for the whole record.
struct IndexRow {
  std::string field;
  std::string value;
  auto operator<=>(const IndexRow&) const = default;
};

// The rows of a repeated field or a map and of all that is below it, sorted and without duplicates.
// `path` names the field itself
// ("tags", "phones", "custom_fields"). A map gives (map, key) and (map.key, value) for each entry;
// a message gives (path, "") and rows of its fields.
std::vector<IndexRow> IndexRows(const FieldPath& path, const google::protobuf::Message& message);

// A value as text whose byte order is the order of the type: a string is itself, numbers and times
// are 16 hexadecimal digits.
std::string IndexText(const Value& value);

}  // namespace crm::filter
