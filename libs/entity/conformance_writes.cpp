// Creation, update, deletion, keys and the log.
#include <google/protobuf/util/message_differencer.h>

#include <map>

#include "crm/options/v1/options.pb.h"
#include "libs/command/event_builder.h"
#include "libs/command/record_codec.h"
#include "libs/entity/conformance_host.h"
#include "libs/entity/normalize.h"
#include "libs/entity/options.h"

namespace crm::entity {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

bool SameField(const Message& a, const Message& b, const FieldDescriptor* field) {
  google::protobuf::util::MessageDifferencer differencer;
  return differencer.CompareWithFields(a, b, {field}, {field});
}

std::string Bytes(const Message& message) {
  return EncodeRecord(message);
}

bool CanCreate(const ConformanceHost& host) {
  return host.Method("Create") != nullptr;
}
bool CanUpdate(const ConformanceHost& host) {
  return host.Method("Get") != nullptr && host.Method("Update") != nullptr &&
         host.Takes("Update", "update_mask") && host.FreeFields().size() > 0;
}
bool CanDelete(const ConformanceHost& host) {
  return CanCreate(host) && host.Method("Delete") != nullptr && host.Method("Undelete") != nullptr;
}
bool HasEtag(const ConformanceHost& host) {
  return CanUpdate(host) && host.type().etag_field() != nullptr;
}
bool HasUnique(const ConformanceHost& host) {
  return CanCreate(host) && !host.type().unique().empty();
}
bool TakesKeys(const ConformanceHost& host) {
  return CanCreate(host) && host.Takes("Create", "request_id");
}
bool Previews(const ConformanceHost& host) {
  return CanCreate(host) && host.Takes("Create", "validate_only");
}

// A creation may store several versions, each with its event.
int64_t VersionOf(ConformanceHost& host, const std::string& name) {
  return static_cast<int64_t>(host.LogOf(name).size());
}

std::string EtagOf(int64_t version) {
  return "v" + std::to_string(version);
}

void ReadsBackWhatWasCreated(ConformanceHost& host) {
  for (int salt : {1, 2, 3, 4}) {
    MessagePtr sent = host.Example(salt);
    auto created = host.Create(*sent);
    ASSERT_TRUE(created.ok()) << created.status().ToString() << sent->DebugString();
    EXPECT_TRUE(host.type().ParseName(host.NameOf(**created)).ok());
    EXPECT_EQ(Bytes(*host.Read(host.NameOf(**created))), Bytes(**created));
    Normalize("IL", *sent);
    for (const auto* field : host.FreeFields()) {
      EXPECT_TRUE(SameField(*sent, **created, field))
          << field->full_name() << (*created)->DebugString();
    }
    if (host.type().etag_field() == nullptr) continue;
    EXPECT_EQ((*created)->GetReflection()->GetString(**created, host.type().etag_field()),
              EtagOf(VersionOf(host, host.NameOf(**created))));
  }
}

std::vector<std::string> AllFree(const ConformanceHost& host) {
  std::vector<std::string> mask;
  for (const auto* field : host.FreeFields()) mask.push_back(field->name());
  return mask;
}

void AbortsWhereTheEtagIsNotTheRecords(ConformanceHost& host) {
  std::string name = host.NameOf(*host.Created(1));
  MessagePtr sent = host.Example(2);
  SetField(*sent, "name", name);
  const int64_t version = VersionOf(host, name);
  SetField(*sent, "etag", EtagOf(version));
  auto first = host.Update(*sent, AllFree(host));
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  for (const auto& etag : {EtagOf(version), EtagOf(version + 2), std::string("nonsense")}) {
    SetField(*sent, "etag", etag);
    auto refused = host.Update(*sent, AllFree(host)).status();
    EXPECT_EQ(refused.code(), Code::kAborted) << etag;
    ASSERT_EQ(refused.reason(), "ETAG_MISMATCH") << etag;
    EXPECT_EQ(refused.metadata().at("etag"), EtagOf(version + 1));
  }
  if (!CanDelete(host) || !host.Takes("Delete", "etag")) return;
  EXPECT_EQ(host.Delete(name, EtagOf(version)).status().reason(), "ETAG_MISMATCH");
  EXPECT_TRUE(host.Delete(name, EtagOf(version + 1)).ok());
}

// Each free field alone: it becomes what was sent, and nothing else of the client's changes.
void ChangesOnlyWhatTheMaskNames(ConformanceHost& host) {
  std::string name = host.NameOf(*host.Created(1));
  int salt = 10;
  for (const auto* changed : host.FreeFields()) {
    MessagePtr before = host.Read(name);
    MessagePtr sent = host.Example(++salt);
    SetField(*sent, "name", name);
    bool required = Behaves(changed, google::api::REQUIRED);
    bool sends = changed->is_repeated() || sent->GetReflection()->HasField(*sent, changed);
    if (required && !sends) continue;
    auto after = host.Update(*sent, {changed->name()});
    ASSERT_TRUE(after.ok()) << changed->name() << ": " << after.status().ToString();
    Normalize("IL", *sent);
    EXPECT_TRUE(SameField(*sent, **after, changed)) << changed->full_name();
    for (const auto* other : host.FreeFields()) {
      bool exclusive = other->containing_oneof() != nullptr &&
                       other->containing_oneof() == changed->containing_oneof();
      if (other == changed || exclusive) continue;
      EXPECT_TRUE(SameField(*before, **after, other))
          << changed->name() << " changed " << other->name();
    }
    EXPECT_EQ(Bytes(*host.Read(name)), Bytes(**after));
  }
}

void TakesThePopulatedFieldsWithoutAMask(ConformanceHost& host) {
  MessagePtr before = host.Created(1);
  MessagePtr sent = host.Example(2);
  SetField(*sent, "name", host.NameOf(*before));
  for (int i = 0; i < host.type().message()->field_count(); ++i) {
    const auto* field = host.type().message()->field(i);
    if (Behaves(field, google::api::IMMUTABLE)) CopyField(*before, field, *sent);
  }
  auto after = host.Update(*sent, {});
  ASSERT_TRUE(after.ok()) << after.status().ToString();
  Normalize("IL", *sent);
  for (const auto* field : host.FreeFields()) {
    const auto* reflection = sent->GetReflection();
    bool set = field->is_repeated() ? reflection->FieldSize(*sent, field) > 0
                                    : reflection->HasField(*sent, field);
    EXPECT_TRUE(SameField(set ? *sent : *before, **after, field)) << field->name();
  }
}

// What the client can set becomes what was sent, set or not; what only the server sets stays.
void ReplacesTheWholeByAStar(ConformanceHost& host) {
  MessagePtr before = host.Created(1);
  MessagePtr sent = host.Example(2);
  SetField(*sent, "name", host.NameOf(*before));
  std::set<const FieldDescriptor*> free;
  for (const auto* field : host.FreeFields()) free.insert(field);
  for (int i = 0; i < host.type().message()->field_count(); ++i) {
    const auto* field = host.type().message()->field(i);
    bool client = !OutputOnly(field) && field != host.type().etag_field();
    if (client && !free.contains(field)) CopyField(*before, field, *sent);
  }
  auto after = host.Update(*sent, {"*"});
  ASSERT_TRUE(after.ok()) << after.status().ToString();
  Normalize("IL", *sent);
  for (const auto* field : free) EXPECT_TRUE(SameField(*sent, **after, field)) << field->name();
}

void RefusesUnknownAndOutputOnlyPaths(ConformanceHost& host) {
  MessagePtr record = host.Created(1);
  const int64_t version = VersionOf(host, host.NameOf(*record));
  auto unknown = host.Update(*record, {"no_such_field"});
  EXPECT_EQ(unknown.status().code(), Code::kInvalidArgument);
  EXPECT_NE(unknown.status().message().find("no_such_field"), std::string::npos)
      << unknown.status().message();
  for (int i = 0; i < host.type().message()->field_count(); ++i) {
    const auto* field = host.type().message()->field(i);
    if (!OutputOnly(field)) continue;
    auto refused = host.Update(*record, {field->name()});
    EXPECT_EQ(refused.status().code(), Code::kInvalidArgument) << field->name();
    EXPECT_EQ(refused.status().reason(), "FIELD_OUTPUT_ONLY") << field->name();
  }
  EXPECT_EQ(VersionOf(host, host.NameOf(*record)), version);
}

void StoresNothingWhereNothingChanges(ConformanceHost& host) {
  MessagePtr record = host.Created(1);
  const int64_t version = VersionOf(host, host.NameOf(*record));
  auto same = host.Update(*record, {});
  ASSERT_TRUE(same.ok()) << same.status().ToString();
  EXPECT_EQ(Bytes(**same), Bytes(*record));
  EXPECT_EQ(VersionOf(host, host.NameOf(*record)), version);
}

void HidesWhatIsDeletedUntilItIsUndeleted(ConformanceHost& host) {
  std::string name = host.NameOf(*host.Created(1));
  const size_t made = host.LogOf(name).size();
  auto deleted = host.Delete(name);
  ASSERT_TRUE(deleted.ok()) << deleted.status().ToString();
  EXPECT_TRUE(host.type().IsDeleted(**deleted));
  EXPECT_EQ(host.Delete(name).status(), NotFound(name));
  EXPECT_EQ(host.Update(**deleted, {}).status(), NotFound(name));
  EXPECT_TRUE(host.type().IsDeleted(*host.Read(name)));
  auto listed = [&](bool show_deleted) {
    bool found = false;
    for (const auto& record : host.List({.show_deleted = show_deleted}))
      found = found || host.NameOf(*record) == name;
    return found;
  };
  EXPECT_FALSE(listed(false));
  if (host.Takes("List", "show_deleted")) {
    EXPECT_TRUE(listed(true));
  }
  auto back = host.Undelete(name);
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_FALSE(host.type().IsDeleted(**back));
  EXPECT_TRUE(listed(false));
  EXPECT_EQ(host.Undelete(name).status().code(), Code::kAlreadyExists);
  auto log = host.LogOf(name);
  ASSERT_EQ(log.size(), made + 2);
  EXPECT_EQ(log[made].type(), host.type().FactField("deleted")->message_type()->full_name());
  EXPECT_EQ(log[made + 1].type(), host.type().FactField("undeleted")->message_type()->full_name());
}

void KeepsUniqueValuesUnique(ConformanceHost& host) {
  for (const auto* field : host.type().unique()) {
    if (OutputOnly(field)) continue;
    MessagePtr holder = host.Created(100 + field->number() * 3);
    MessagePtr rival = host.Example(101 + field->number() * 3);
    CopyField(*holder, field, *rival);
    auto refused = host.Create(*rival);
    EXPECT_EQ(refused.status().code(), Code::kAlreadyExists) << field->name();
    ASSERT_EQ(refused.status().reason(), "VALUE_TAKEN") << field->name();
    EXPECT_EQ(refused.status().metadata().at("holder"), host.NameOf(*holder));
    if (!CanDelete(host)) continue;
    // A deleted record gives its value up, and gets it back only where it is free.
    ASSERT_TRUE(host.Delete(host.NameOf(*holder)).ok());
    auto taken = host.Create(*rival);
    ASSERT_TRUE(taken.ok()) << taken.status().ToString();
    EXPECT_EQ(host.Undelete(host.NameOf(*holder)).status().reason(), "VALUE_TAKEN");
    ASSERT_TRUE(host.Delete(host.NameOf(**taken)).ok());
    EXPECT_TRUE(host.Undelete(host.NameOf(*holder)).ok());
  }
}

void RepeatsAnAnswerForItsRequestId(ConformanceHost& host) {
  MessagePtr request = host.Request("Create");
  host.RecordIn(*request).CopyFrom(*host.Example(1));
  SetField(*request, "request_id", std::string("key-1"));
  auto first = host.Send("Create", *request);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  const size_t rows = host.calls().Log().size();
  host.calls().clock().Advance(std::chrono::minutes(1));
  auto second = host.Send("Create", *request);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ(Bytes(**first), Bytes(**second));
  EXPECT_EQ(host.calls().Log().size(), rows);
  host.RecordIn(*request).CopyFrom(*host.Example(2));
  EXPECT_EQ(host.Send("Create", *request).status().reason(), "REQUEST_ID_REUSED");
}

void StoresNothingInAPreview(ConformanceHost& host) {
  MessagePtr request = host.Request("Create");
  host.RecordIn(*request).CopyFrom(*host.Example(1));
  SetField(*request, "validate_only", true);
  size_t before = host.calls().Log().size();
  auto preview = host.Send("Create", *request);
  ASSERT_TRUE(preview.ok()) << preview.status().ToString();
  EXPECT_EQ(host.calls().Log().size(), before);
  EXPECT_EQ(host.Get(host.NameOf(**preview)).status().code(), Code::kNotFound);
  // What it previewed is free: the same creation succeeds.
  EXPECT_TRUE(host.Create(*host.Example(1)).ok());
}

// One row a version: the snapshot is the record, the mask says what changed, and what changed has
// its old value.
void LogsEveryVersionWithItsDifference(ConformanceHost& host) {
  std::map<int64_t, MessagePtr> answers;  // by the version that each is
  MessagePtr created = host.Created(1);
  std::string name = host.NameOf(*created);
  const int64_t first = VersionOf(host, name);
  answers[first] = std::move(created);
  MessagePtr sent = host.Example(2);
  SetField(*sent, "name", name);
  auto updated = host.Update(*sent, AllFree(host));
  ASSERT_TRUE(updated.ok()) << updated.status().ToString();
  answers[first + 1] = std::move(*updated);
  if (CanDelete(host)) answers[first + 2] = std::move(*host.Delete(name));

  auto log = host.LogOf(name);
  ASSERT_EQ(static_cast<int64_t>(log.size()), answers.rbegin()->first);
  const RecordType& type = host.type();
  MessagePtr before;
  for (size_t i = 0; i < log.size(); ++i) {
    EXPECT_EQ(log[i].version(), static_cast<int64_t>(i + 1));
    EXPECT_EQ(log[i].payload_type(), type.event()->full_name());
    EXPECT_EQ(log[i].actor(), host.calls().admin().name);
    EXPECT_FALSE(log[i].correlation().empty());
    auto event = type.NewEvent();
    ASSERT_TRUE(DecodeRecord(log[i].body(), *event).ok());
    const auto* reflection = event->GetReflection();
    MessagePtr snapshot(reflection->ReleaseMessage(event.get(), type.snapshot_field()));
    SetEtag(type, log[i].version(), *snapshot);
    if (auto answer = answers.find(log[i].version()); answer != answers.end()) {
      EXPECT_EQ(Bytes(*snapshot), Bytes(*answer->second));
    }
    std::set<std::string> said, differ;
    const Message& changed = reflection->GetMessage(*event, type.changed_field());
    const auto* paths = changed.GetDescriptor()->FindFieldByName("paths");
    for (int p = 0; p < changed.GetReflection()->FieldSize(changed, paths); ++p) {
      said.insert(changed.GetReflection()->GetRepeatedString(changed, paths, p));
    }
    const Message& old = reflection->GetMessage(*event, type.old_field());
    for (const auto* field : ChangedFields(type, before.get(), *snapshot)) {
      differ.insert(field->name());
      if (before != nullptr) {
        EXPECT_TRUE(SameField(*before, old, field)) << field->name();
      }
    }
    EXPECT_EQ(said, differ);
    before = std::move(snapshot);
  }
  EXPECT_EQ(log[static_cast<size_t>(first)].type(),
            type.FactField("updated")->message_type()->full_name());
}

}  // namespace

const std::vector<ConformanceCheck>& WriteChecks() {
  static const std::vector<ConformanceCheck> checks = {
      {"ReadsBackWhatWasCreated", ReadsBackWhatWasCreated, CanCreate},
      {"AbortsWhereTheEtagIsNotTheRecords", AbortsWhereTheEtagIsNotTheRecords, HasEtag},
      {"ChangesOnlyWhatTheMaskNames", ChangesOnlyWhatTheMaskNames, CanUpdate},
      {"TakesThePopulatedFieldsWithoutAMask", TakesThePopulatedFieldsWithoutAMask, CanUpdate},
      {"ReplacesTheWholeByAStar", ReplacesTheWholeByAStar, CanUpdate},
      {"RefusesUnknownAndOutputOnlyPaths", RefusesUnknownAndOutputOnlyPaths, CanUpdate},
      {"StoresNothingWhereNothingChanges", StoresNothingWhereNothingChanges, CanUpdate},
      {"HidesWhatIsDeletedUntilItIsUndeleted", HidesWhatIsDeletedUntilItIsUndeleted, CanDelete},
      {"KeepsUniqueValuesUnique", KeepsUniqueValuesUnique, HasUnique},
      {"RepeatsAnAnswerForItsRequestId", RepeatsAnAnswerForItsRequestId, TakesKeys},
      {"StoresNothingInAPreview", StoresNothingInAPreview, Previews},
      {"LogsEveryVersionWithItsDifference", LogsEveryVersionWithItsDifference, CanUpdate},
  };
  return checks;
}

}  // namespace crm::entity
