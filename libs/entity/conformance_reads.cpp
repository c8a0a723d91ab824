// Who may see what, and what was so when.
#include "crm/options/v1/options.pb.h"
#include "libs/command/record_codec.h"
#include "libs/entity/conformance_host.h"

namespace crm::entity {

using google::protobuf::Message;

namespace {

std::string Bytes(const Message& message) {
  return EncodeRecord(message);
}

bool CanGet(const ConformanceHost& host) {
  return host.Method("Get") != nullptr;
}
bool CanGetByName(const ConformanceHost& host) {
  return CanGet(host) && host.IsNamed();
}
bool CanRead(const ConformanceHost& host) {
  return CanGetByName(host) && host.Method("List") != nullptr;
}
bool CanUpdate(const ConformanceHost& host) {
  return CanRead(host) && host.Method("Create") != nullptr && host.Method("Update") != nullptr;
}
bool HasBatchGet(const ConformanceHost& host) {
  return CanRead(host) && host.Method("BatchGet") != nullptr;
}
bool KnowsThePast(const ConformanceHost& host) {
  return CanUpdate(host) && host.Takes("Get", "as_of") && host.FreeFields().size() > 0;
}

MessagePtr GetRequest(ConformanceHost& host, const std::string& name) {
  MessagePtr request = host.Request("Get");
  SetField(*request, "name", name);
  return request;
}

// Whether a caller finds the record by every way of reading and changing it; all ways must agree.
bool Sees(ConformanceHost& host, const std::string& name, const Principal& as) {
  auto get = host.Send("Get", *GetRequest(host, name), as);
  if (!get.ok()) {
    EXPECT_EQ(get.status(), NotFound(name));
  }
  if (host.Method("List") != nullptr) {
    bool listed = false;
    for (const auto& record : host.List({}, as)) listed = listed || host.NameOf(*record) == name;
    EXPECT_EQ(get.ok(), listed) << name << " as " << as.name;
  }
  if (host.Method("Update") != nullptr) {
    MessagePtr request = host.Request("Update");
    SetField(host.RecordIn(*request), "name", name);
    auto update = host.Send("Update", *request, as);  // changes nothing
    EXPECT_EQ(get.ok(), update.status().code() != Code::kNotFound) << update.status().ToString();
  }
  if (!get.ok() && host.Method("Delete") != nullptr) {
    MessagePtr request = host.Request("Delete");
    SetField(*request, "name", name);
    EXPECT_EQ(host.Send("Delete", *request, as).status(), NotFound(name));
  }
  return get.ok();
}

void ObeysTheCallersScope(ConformanceHost& host) {
  std::string name = host.NameOf(*host.Created(1));
  EXPECT_TRUE(Sees(host, name, host.User(Scope::kAll)));
  auto set = [&](const google::protobuf::FieldDescriptor* field, const std::string& value) {
    host.SetByServer(
        name, [&](Message& record) { record.GetReflection()->SetString(&record, field, value); });
  };
  Principal own = host.User(Scope::kOwn);
  EXPECT_FALSE(Sees(host, name, own));
  if (const auto* owner = host.type().owner_field()) {
    set(owner, own.name);
    EXPECT_TRUE(Sees(host, name, own));
    EXPECT_FALSE(Sees(host, name, host.User(Scope::kOwn)));
  }
  Principal colleague = host.User(Scope::kDepartment);
  colleague.departments = {"departments/" + NamedUuid("department", "1").ToString()};
  EXPECT_FALSE(Sees(host, name, colleague));
  if (const auto* department = host.type().department_field()) {
    set(department, colleague.departments[0]);
    EXPECT_TRUE(Sees(host, name, colleague));
    EXPECT_FALSE(Sees(host, name, host.User(Scope::kDepartment)));
  }
}

void NeedsThePermissionOfEachMethod(ConformanceHost& host) {
  std::string name = host.NameOf(*host.Created(1));
  Principal nobody = host.User(Scope::kAll);
  nobody.grants = {{"somethingElse", "*", Scope::kAll, ""}};
  for (const char* verb : {"Get", "List", "BatchGet", "Create", "Update", "Delete", "Undelete"}) {
    const auto* method = host.Method(verb);
    if (method == nullptr) continue;
    std::string permission = method->options().GetExtension(options::v1::method).permission();
    EXPECT_TRUE(permission.starts_with(host.type().object() + "."))
        << method->full_name() << " needs " << permission;
    auto refused = host.Send(verb, *host.Request(verb), nobody);
    EXPECT_EQ(refused.status().code(), Code::kPermissionDenied) << method->full_name();
    // Whether the record exists does not show.
    MessagePtr request = host.Request(verb);
    SetField(*request, "name", name);
    EXPECT_EQ(host.Send(verb, *request, nobody).status(), refused.status());
  }
}

void KeepsTenantsApart(ConformanceHost& host) {
  std::string name = host.NameOf(*host.Created(1));
  Principal stranger = host.calls().admin();
  stranger.tenant = NamedUuid("tenant", name);
  EXPECT_FALSE(Sees(host, name, stranger));
  if (host.Method("List") != nullptr) {
    EXPECT_TRUE(host.List({}, stranger).empty());
  }
  EXPECT_TRUE(Sees(host, name, host.calls().admin()));
}

void GetsManyAtOnce(ConformanceHost& host) {
  MessagePtr first = host.Created(1);
  MessagePtr second = host.Created(2);
  MessagePtr request = host.Request("BatchGet");
  const auto* names = request->GetDescriptor()->FindFieldByName("names");
  for (const auto* record : {second.get(), first.get()}) {
    request->GetReflection()->AddString(request.get(), names, host.NameOf(*record));
  }
  auto response = host.Send("BatchGet", *request);
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  const auto* records = (*response)->GetDescriptor()->field(0);
  ASSERT_EQ((*response)->GetReflection()->FieldSize(**response, records), 2);
  EXPECT_EQ(Bytes((*response)->GetReflection()->GetRepeatedMessage(**response, records, 0)),
            Bytes(*second));
  EXPECT_EQ(Bytes((*response)->GetReflection()->GetRepeatedMessage(**response, records, 1)),
            Bytes(*first));
}

struct Moment {
  Time recorded, occurred;
  MessagePtr record;  // nullptr: there was none
};

std::vector<Moment> Live(ConformanceHost& host, std::string& name) {
  std::vector<Moment> moments;
  moments.push_back({host.Now(), host.calls().clock().Now() - Duration(1), nullptr});
  auto note = [&](MessagePtr record) {
    moments.push_back({host.Now(), host.calls().clock().Now(), std::move(record)});
    host.calls().clock().Advance(std::chrono::hours(1));
  };
  note(host.Created(1));
  name = host.NameOf(*moments.back().record);
  for (int salt : {2, 3}) {
    MessagePtr sent = host.Example(salt);
    SetField(*sent, "name", name);
    std::vector<std::string> mask;
    for (const auto* field : host.FreeFields()) mask.push_back(field->name());
    auto updated = host.Update(*sent, mask);
    if (!updated.ok()) throw std::runtime_error(updated.status().ToString());
    note(std::move(*updated));
  }
  if (host.Method("Delete") != nullptr) {
    note(std::move(*host.Delete(name)));
    note(std::move(*host.Undelete(name)));
  }
  return moments;
}

void KnowsARecordAsOfAnyMoment(ConformanceHost& host) {
  std::string name;
  auto moments = Live(host, name);
  for (const auto& moment : moments) {
    auto then = host.Get(name, moment.recorded);
    if (moment.record == nullptr) {
      EXPECT_EQ(then.status(), NotFound(name));
      continue;
    }
    ASSERT_TRUE(then.ok()) << then.status().ToString();
    EXPECT_EQ(Bytes(**then), Bytes(*moment.record));
    // A moment before the next change answers as the one after the last.
    auto just_before = host.Get(name, moment.recorded - Duration(1));
    EXPECT_TRUE(!just_before.ok() || Bytes(**just_before) != Bytes(*moment.record));
  }
  EXPECT_EQ(host.Get(name, host.Now() + std::chrono::hours(24 * 365)).status().reason(),
            "AS_OF_IN_FUTURE");
}

void KnowsARecordEffectiveAsOfAnyMoment(ConformanceHost& host) {
  if (!host.Takes("Get", "effective_as_of")) return;
  std::string name;
  auto moments = Live(host, name);
  for (const auto& moment : moments) {
    for (Duration later : {Duration(0), Duration(std::chrono::minutes(59))}) {
      auto then = host.Get(name, moment.occurred + later, "effective_as_of");
      if (moment.record == nullptr) {
        EXPECT_TRUE(later > Duration(0) || then.status() == NotFound(name))
            << then.status().ToString();
        continue;
      }
      ASSERT_TRUE(then.ok()) << then.status().ToString();
      EXPECT_EQ(Bytes(**then), Bytes(*moment.record));
    }
  }
}

void ListsAsOfAnyMoment(ConformanceHost& host) {
  if (!host.Takes("List", "as_of")) return;
  for (int salt = 10; salt < 15; ++salt) host.Created(salt);
  std::string name;
  auto moments = Live(host, name);
  size_t others = host.List({.as_of = moments[0].recorded}).size();
  EXPECT_GE(others, 5u);
  for (const auto& moment : moments) {
    bool there = moment.record != nullptr && !host.type().IsDeleted(*moment.record);
    auto then = host.List({.page_size = 2, .as_of = moment.recorded});
    const Message* found = nullptr;
    for (const auto& record : then) {
      if (host.NameOf(*record) == name) found = record.get();
    }
    EXPECT_EQ(found != nullptr, there);
    if (found != nullptr) {
      EXPECT_EQ(Bytes(*found), Bytes(*moment.record));
    }
  }
}

// The past is for those who may see the record both then and today.
void HidesThePastOfWhatIsHidden(ConformanceHost& host) {
  const auto* owner = host.type().owner_field();
  if (owner == nullptr) return;
  Principal first = host.User(Scope::kOwn);
  Principal second = host.User(Scope::kOwn);
  std::string name = host.NameOf(*host.Created(1));
  auto give = [&](const Principal& to) {
    host.SetByServer(
        name, [&](Message& record) { record.GetReflection()->SetString(&record, owner, to.name); });
    return host.Now();
  };
  auto sees = [&](const Principal& as, Time time) {
    MessagePtr request = GetRequest(host, name);
    SetField(*request, "as_of", time);
    auto got = host.Send("Get", *request, as);
    if (!got.ok()) {
      EXPECT_EQ(got.status(), NotFound(name));
    }
    if (host.Takes("List", "as_of")) {
      EXPECT_EQ(host.List({.as_of = time}, as).size(), got.ok() ? 1u : 0u);
    }
    return got.ok();
  };
  Time firsts = give(first);
  EXPECT_TRUE(sees(first, firsts));
  Time seconds = give(second);
  EXPECT_FALSE(sees(first, firsts)) << "not today's owner";
  EXPECT_FALSE(sees(second, firsts)) << "not the owner then";
  EXPECT_TRUE(sees(second, seconds));
}

}  // namespace

const std::vector<ConformanceCheck>& ReadChecks() {
  static const std::vector<ConformanceCheck> checks = {
      {"ObeysTheCallersScope", ObeysTheCallersScope, CanGetByName},
      {"NeedsThePermissionOfEachMethod", NeedsThePermissionOfEachMethod, CanGet},
      {"KeepsTenantsApart", KeepsTenantsApart, CanGetByName},
      {"GetsManyAtOnce", GetsManyAtOnce, HasBatchGet},
      {"KnowsARecordAsOfAnyMoment", KnowsARecordAsOfAnyMoment, KnowsThePast},
      {"KnowsARecordEffectiveAsOfAnyMoment", KnowsARecordEffectiveAsOfAnyMoment, KnowsThePast},
      {"ListsAsOfAnyMoment", ListsAsOfAnyMoment, KnowsThePast},
      {"HidesThePastOfWhatIsHidden", HidesThePastOfWhatIsHidden, KnowsThePast},
  };
  return checks;
}

}  // namespace crm::entity
