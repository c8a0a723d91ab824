// RecordType: what the kernel knows of a stored message, read once at start from the options in its
// proto (crm/options/v1/options.proto). Everything generic (storage, events, validation, filters,
// permissions) works from it.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "libs/filter/field_path.h"
#include "libs/filter/schema.h"

namespace crm {

enum class ColumnKind { kBool, kInt, kText, kTime };

// A typed column beside the body: an index of one field of the message.
struct Column {
  std::string name;        // "state", "amount_amount_minor"
  std::string field_path;  // "state", "amount.amount_minor"
  ColumnKind kind;
  filter::FieldPath path;
  bool filterable = false;
  bool sortable = false;
  // First index_revision whose rows have it.
  int since_revision = 0;
};

// A repeated or map field whose elements, with all that is below them, are rows of custom_index.
struct IndexedField {
  std::string field_path;  // "phones", "custom_fields"
  filter::FieldPath path;
  int since_revision = 0;
};

class RecordType {
 public:
  // Aborts with a plain message where the options contradict the message: a mistake of the
  // programmer, found at start.
  explicit RecordType(const google::protobuf::Descriptor* message);
  RecordType(const RecordType&) = delete;
  RecordType& operator=(const RecordType&) = delete;

  const google::protobuf::Descriptor* message() const { return message_; }
  const google::protobuf::Descriptor* event() const { return event_; }  // nullptr for projections
  const std::string& table() const { return table_; }
  const std::string& collection() const { return collection_; }
  const std::string& object() const { return object_; }
  bool soft_delete() const { return soft_delete_; }
  bool projection() const { return event_ == nullptr; }
  int index_revision() const { return index_revision_; }
  bool stamped() const { return stamped_; }

  const std::vector<Column>& columns() const { return columns_; }
  const Column* FindColumn(std::string_view field_path) const;
  const std::vector<IndexedField>& indexed() const { return indexed_; }
  // Paths of the fields that a bare word finds.
  const std::vector<std::string>& searchable() const { return searchable_; }
  // First index_revision whose rows have the text of all of them.
  int searchable_since() const { return searchable_since_; }
  // What filters and orders may name: the fields with columns or index rows, and the searchable
  // ones by bare words.
  const filter::Schema& filter_schema() const { return *schema_; }
  const std::vector<const google::protobuf::FieldDescriptor*>& unique() const { return unique_; }

  // Standard fields; nullptr where the message has none. `name` is always there.
  const google::protobuf::FieldDescriptor* name_field() const { return name_; }
  const google::protobuf::FieldDescriptor* etag_field() const { return etag_; }
  const google::protobuf::FieldDescriptor* create_time_field() const { return create_time_; }
  const google::protobuf::FieldDescriptor* update_time_field() const { return update_time_; }
  const google::protobuf::FieldDescriptor* delete_time_field() const { return delete_time_; }
  const google::protobuf::FieldDescriptor* owner_field() const { return owner_; }
  const google::protobuf::FieldDescriptor* department_field() const { return department_; }

  // The event's four parts.
  const google::protobuf::FieldDescriptor* snapshot_field() const { return snapshot_; }
  const google::protobuf::FieldDescriptor* changed_field() const { return changed_; }
  const google::protobuf::FieldDescriptor* old_field() const { return old_; }
  // Member of the oneof `fact` with that message type, or with that name ("created"); nullptr where
  // there is none.
  const google::protobuf::FieldDescriptor* FactField(
      const google::protobuf::Descriptor* fact) const;
  const google::protobuf::FieldDescriptor* FactField(std::string_view name) const;

  std::unique_ptr<google::protobuf::Message> NewMessage() const;
  std::unique_ptr<google::protobuf::Message> NewEvent() const;

  // "leads/0190..." <-> its id. Parse: INVALID_ARGUMENT for another collection or a malformed id.
  std::string Name(const Uuid& id) const;
  Result<Uuid> ParseName(std::string_view name) const;
  // Name, version as etag, and times of a stored message.
  std::string NameOf(const google::protobuf::Message& message) const;
  bool IsDeleted(const google::protobuf::Message& message) const;

 private:
  void AddFields(const filter::Schema& all, const google::protobuf::Descriptor* message,
                 std::vector<const google::protobuf::FieldDescriptor*>& path);
  // False: nothing below the field is looked at.
  bool AddField(const filter::Schema& all,
                const std::vector<const google::protobuf::FieldDescriptor*>& path);
  void FindStandardFields(const std::string& owner, const std::string& department);
  void FindEvent(const std::string& event_name);
  void MakeSchema();

  const google::protobuf::Descriptor* message_;
  const google::protobuf::Descriptor* event_ = nullptr;
  std::string table_, collection_, object_;
  bool soft_delete_ = false;
  int index_revision_ = 0;
  bool stamped_ = false;
  std::vector<Column> columns_;
  std::vector<IndexedField> indexed_;
  std::vector<std::string> searchable_;
  int searchable_since_ = 0;
  std::unique_ptr<filter::Schema> schema_;
  std::vector<const google::protobuf::FieldDescriptor*> unique_;
  const google::protobuf::FieldDescriptor* name_ = nullptr;
  const google::protobuf::FieldDescriptor* etag_ = nullptr;
  const google::protobuf::FieldDescriptor* create_time_ = nullptr;
  const google::protobuf::FieldDescriptor* update_time_ = nullptr;
  const google::protobuf::FieldDescriptor* delete_time_ = nullptr;
  const google::protobuf::FieldDescriptor* owner_ = nullptr;
  const google::protobuf::FieldDescriptor* department_ = nullptr;
  const google::protobuf::FieldDescriptor* snapshot_ = nullptr;
  const google::protobuf::FieldDescriptor* changed_ = nullptr;
  const google::protobuf::FieldDescriptor* old_ = nullptr;
};

// The record types of one service, the kernel's own included. Immutable after construction, so
// thread-safe.
class RecordTypes {
 public:
  explicit RecordTypes(const std::vector<const google::protobuf::Descriptor*>& messages);
  const RecordType* Find(const google::protobuf::Descriptor* message) const;
  // Aborts with a plain message where it is no record of this service: a mistake of the programmer.
  const RecordType& Of(const google::protobuf::Descriptor* message) const;
  const RecordType* FindCollection(std::string_view collection) const;
  // By resource name: "leads/0190..." -> the type of "leads".
  const RecordType* FindName(std::string_view name) const;
  const std::vector<std::unique_ptr<RecordType>>& all() const { return types_; }

 private:
  std::vector<std::unique_ptr<RecordType>> types_;
  std::map<const google::protobuf::Descriptor*, const RecordType*> by_message_;
  std::map<std::string, const RecordType*, std::less<>> by_collection_;
};

// google.protobuf.Timestamp fields and our Time.
Time GetTimestamp(const google::protobuf::Message& message,
                  const google::protobuf::FieldDescriptor* field);
void SetTimestamp(google::protobuf::Message& message,
                  const google::protobuf::FieldDescriptor* field, Time time);

}  // namespace crm
