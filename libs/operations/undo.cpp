#include "libs/operations/undo.h"

#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/util/message_differencer.h>

#include <map>
#include <set>

#include "libs/command/event_builder.h"
#include "libs/events/consumer.h"

namespace crm::operations {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using kernel::v1::LogRow;
using kernel::v1::UndoneRecord;

namespace {

bool SameField(const Message& left, const Message& right, const FieldDescriptor* field) {
  google::protobuf::util::MessageDifferencer differencer;
  return differencer.CompareWithFields(left, right, {field}, {field});
}

// What the group did to the fields of one record, and what others did after it.
struct Changes {
  bool created = false;
  std::unique_ptr<Message> before;  // values before the group touched them
  std::unique_ptr<Message> after;   // values the group left
  std::set<const FieldDescriptor*> fields;
  std::set<std::string> changed_since;
};

Result<Changes> Collect(const RecordType& type, const std::vector<LogRow>& history,
                        const std::function<bool(const LogRow&)>& in_group) {
  Changes changes;
  changes.before = type.NewMessage();
  changes.after = type.NewMessage();
  bool begun = false;
  for (const auto& row : history) {
    auto event = events::DecodeBody(row);
    if (!event.ok()) return event.status();
    const auto* reflection = (*event)->GetReflection();
    const auto& mask = static_cast<const google::protobuf::FieldMask&>(
        reflection->GetMessage(**event, type.changed_field()));
    bool mine = in_group(row);
    begun = begun || mine;
    if (mine && row.version() == 1) changes.created = true;
    for (const auto& path : mask.paths()) {
      const FieldDescriptor* field = type.message()->FindFieldByName(path);
      if (field == nullptr) continue;  // of a newer version of this program
      if (mine) {
        bool first = changes.fields.insert(field).second;
        if (first)
          CopyField(reflection->GetMessage(**event, type.old_field()), field, *changes.before);
        CopyField(reflection->GetMessage(**event, type.snapshot_field()), field, *changes.after);
      } else if (begun) {
        changes.changed_since.insert(path);
      }
    }
  }
  return changes;
}

}  // namespace

Result<UndoDecision> DecideUndo(const RecordType& type, const std::vector<LogRow>& history,
                                const std::function<bool(const LogRow&)>& in_group,
                                const Message& current, Time now) {
  auto changes = Collect(type, history, in_group);
  if (!changes.ok()) return changes.status();
  UndoDecision decision;
  decision.record.set_name(type.NameOf(current));
  bool deleted = type.IsDeleted(current);
  if (changes->created) {
    if (deleted || !type.soft_delete()) {
      decision.record.set_outcome(deleted ? UndoneRecord::UNCHANGED : UndoneRecord::CONFLICT);
      return decision;
    }
    for (const auto& path : changes->changed_since) decision.record.add_conflicts(path);
    if (!changes->changed_since.empty()) {
      decision.record.set_outcome(UndoneRecord::CONFLICT);
      return decision;
    }
    decision.after.reset(current.New());
    decision.after->CopyFrom(current);
    SetTimestamp(*decision.after, type.delete_time_field(), now);
    decision.fact = "deleted";
    decision.record.set_outcome(UndoneRecord::DELETED);
    return decision;
  }
  auto after = std::unique_ptr<Message>(current.New());
  after->CopyFrom(current);
  bool restored = false;
  for (const FieldDescriptor* field : changes->fields) {
    if (SameField(current, *changes->before, field)) continue;
    if (!SameField(current, *changes->after, field)) {
      decision.record.add_conflicts(field->name());
      continue;
    }
    CopyField(*changes->before, field, *after);
    restored = true;
  }
  bool undeletes = deleted && !type.IsDeleted(*after);
  decision.record.set_outcome(!decision.record.conflicts().empty() ? UndoneRecord::CONFLICT
                              : undeletes                          ? UndoneRecord::UNDELETED
                              : restored                           ? UndoneRecord::RESTORED
                                                                   : UndoneRecord::UNCHANGED);
  if (!restored) return decision;
  decision.fact = undeletes                            ? "undeleted"
                  : !deleted && type.IsDeleted(*after) ? "deleted"
                                                       : "updated";
  decision.after = std::move(after);
  return decision;
}

}  // namespace crm::operations
