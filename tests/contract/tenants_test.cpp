// Two tenants with the same data: no read of the one shows anything of the other, whichever name of
// the other's is put wherever a name fits; and the tables themselves show nothing without a tenant.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "libs/pg/database.h"
#include "libs/rpc/descriptors.h"
#include "tests/contract/rpc_walk.h"
#include "tests/scenario/deployed_world.h"
#include "tests/scenario/running_deployment.h"
#include "tests/scenario/window_shop.h"

namespace crm::test {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// A shop that has lived a day.
struct Tenant {
  explicit Tenant(Deployment& system) : world(system, NewTenantName()), shop(world) {
    lead = shop.Submit("s-1");
    EXPECT_TRUE(world.Comes([this] { return shop.Tasks(lead).size() == 1; }));
    auto made = shop.Convert(lead);
    EXPECT_TRUE(world.Comes([&] { return shop.Deal(made.deal()).ok(); }));
    shop.LogCall(lead);
  }
  DeployedWorld world;
  WindowShop shop;
  std::string lead;
};

// Every reading RPC, with nothing asked for and with each of the names in each field that takes a
// text; what comes back as one text an answer.
class Walk {
 public:
  Walk(Deployment& system, std::string key)
      : client_(rpc::RpcClient::Create(system.rpc_address("leads"))), key_(std::move(key)) {
    for (const auto* method : AllMethods()) {
      if (rpc::OnlyReads(*method)) methods_.push_back(method);
    }
  }

  const std::vector<const MethodDescriptor*>& methods() const { return methods_; }

  Result<std::string> Read(const MethodDescriptor& method, const std::string& request) {
    ++calls_;
    return CallBytes(*client_, method, request, key_);
  }
  size_t calls() const { return calls_; }

  // What the lists give when nothing is asked for.
  std::set<std::string> Names() {
    std::set<std::string> names;
    for (const auto* method : methods_) {
      if (!method->name().starts_with("List")) continue;
      auto answer = Read(*method, "");
      if (!answer.ok()) continue;
      auto response = rpc::NewMessage(method->output_type());
      EXPECT_TRUE(response->ParseFromString(*answer)) << FullNameOf(*method);
      Collect(*response, names);
    }
    return names;
  }

  // Which answers contain one of the names, "GetLead(name)", other than by repeating what they were
  // asked: then the answer is the one to the name of a record that there is not.
  std::set<std::string> Find(const std::set<std::string>& names) {
    std::set<std::string> found;
    auto shows = [&](const Result<std::string>& answer) {
      return answer.ok() && std::any_of(names.begin(), names.end(), [&](const std::string& name) {
               return answer->find(name) != std::string::npos;
             });
    };
    for (const auto* method : methods_) {
      if (shows(Read(*method, ""))) found.insert(method->name() + "()");
      for (const auto& place : PlacesIn(method->input_type())) {
        if (place.field->type() != google::protobuf::FieldDescriptor::TYPE_STRING) continue;
        for (const auto& name : names) {
          auto answer = ReadWith(*method, place, name);
          if (!shows(answer)) continue;
          auto none = ReadWith(*method, place, MissingLike(name));
          bool repeats = none.ok() && Replaced(*none, MissingLike(name), name) == *answer;
          if (!repeats) found.insert(method->name() + "(" + place.path + ")");
        }
      }
    }
    return found;
  }

  // As long as the name, so that answers are equally long.
  static std::string MissingLike(const std::string& name) {
    return name.substr(0, name.find('/') + 1) + NamedUuid("missing", name).ToString();
  }

 private:
  Result<std::string> ReadWith(const MethodDescriptor& method, const Place& place,
                               const std::string& text) {
    auto request = NewRequest(method);
    PutText(*request, place, text);
    return Read(method, request->SerializeAsString());
  }

  static std::string Replaced(std::string text, const std::string& from, const std::string& to) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
      text.replace(at, from.size(), to);
    }
    return text;
  }

  static void Collect(const Message& message, std::set<std::string>& names) {
    const auto* descriptor = message.GetDescriptor();
    const auto* reflection = message.GetReflection();
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const auto* field = descriptor->field(i);
      if (field->message_type() != nullptr && field->is_repeated() && !field->is_map()) {
        for (int j = 0; j < reflection->FieldSize(message, field); ++j) {
          Collect(reflection->GetRepeatedMessage(message, field, j), names);
        }
      } else if (field->name() == "name" && !field->is_repeated()) {
        std::string name = reflection->GetString(message, field);
        if (name.find('/') != std::string::npos) names.insert(name);
      }
    }
  }

  std::shared_ptr<rpc::RpcClient> client_;
  const std::string key_;
  std::vector<const MethodDescriptor*> methods_;
  size_t calls_ = 0;
};

// A few of each collection: enough for every kind of record.
std::set<std::string> SomeOfEach(const std::set<std::string>& names) {
  std::map<std::string, int> seen;
  std::set<std::string> some;
  for (const auto& name : names) {
    if (++seen[name.substr(0, name.find('/'))] <= 1) some.insert(name);
  }
  return some;
}

class TwoTenants : public ::testing::Test {
 protected:
  Deployment& system_ = RunningDeployment(Shape::kAll);
  Tenant mine_{system_};
  Tenant others_{system_};
};

TEST_F(TwoTenants, SeeNothingOfEachOther) {
  Walk others(system_, others_.world.keys().admin);
  const auto all = others.Names();
  const auto names = SomeOfEach(all);
  EXPECT_GE(names.size(), 10u) << "lists of fewer collections than there are";
  EXPECT_TRUE(all.contains(others_.lead));

  Walk mine(system_, mine_.world.keys().admin);
  EXPECT_EQ(mine.Find(names), std::set<std::string>());
  EXPECT_GE(mine.calls(), 200u);
  for (const auto& name : mine.Names()) EXPECT_FALSE(all.contains(name)) << name;
}

// The control: with the key of the tenant whose names they are the same walk finds them.
TEST_F(TwoTenants, AreToldApartByTheKeyAlone) {
  Walk others(system_, others_.world.keys().admin);
  const auto found = others.Find(SomeOfEach(others.Names()));
  EXPECT_TRUE(found.contains("GetLead(name)"));
  EXPECT_TRUE(found.contains("ListLeads()"));
  EXPECT_GE(found.size(), 30u) << ::testing::PrintToString(found);
}

TEST_F(TwoTenants, CannotUseEachOthersPages) {
  Walk others(system_, others_.world.keys().admin);
  Walk mine(system_, mine_.world.keys().admin);
  size_t tried = 0;
  for (const auto* method : others.methods()) {
    const auto* descriptor = method->input_type();
    const auto* size = descriptor->FindFieldByName("page_size");
    const auto* token = descriptor->FindFieldByName("page_token");
    const auto* next = method->output_type()->FindFieldByName("next_page_token");
    if (size == nullptr || token == nullptr || next == nullptr) continue;
    auto request = NewRequest(*method);
    request->GetReflection()->SetInt32(request.get(), size, 1);
    auto page = others.Read(*method, request->SerializeAsString());
    if (!page.ok()) continue;
    auto response = rpc::NewMessage(method->output_type());
    ASSERT_TRUE(response->ParseFromString(*page));
    std::string place = response->GetReflection()->GetString(*response, next);
    if (place.empty()) continue;
    request->GetReflection()->SetString(request.get(), token, place);
    ASSERT_TRUE(others.Read(*method, request->SerializeAsString()).ok()) << FullNameOf(*method);
    auto stolen = mine.Read(*method, request->SerializeAsString());
    EXPECT_EQ(stolen.status().code(), Code::kInvalidArgument) << FullNameOf(*method);
    ++tried;
  }
  EXPECT_GE(tried, 4u);
}

TEST_F(TwoTenants, AnswerForeignAndMissingNamesAlike) {
  Walk mine(system_, mine_.world.keys().admin);
  Walk others(system_, others_.world.keys().admin);
  size_t tried = 0;
  for (const auto& name : SomeOfEach(others.Names())) {
    std::string missing = Walk::MissingLike(name);
    for (const auto* method : mine.methods()) {
      const auto* field = method->input_type()->FindFieldByName("name");
      if (field == nullptr) continue;
      auto request = NewRequest(*method);
      request->GetReflection()->SetString(request.get(), field, name);
      auto foreign = mine.Read(*method, request->SerializeAsString());
      request->GetReflection()->SetString(request.get(), field, missing);
      auto none = mine.Read(*method, request->SerializeAsString());
      EXPECT_EQ(foreign.ok(), none.ok()) << FullNameOf(*method) << " " << name;
      if (foreign.ok() || none.ok()) continue;
      EXPECT_EQ(foreign.status().code(), none.status().code()) << FullNameOf(*method);
      EXPECT_EQ(foreign.status().reason(), none.status().reason()) << FullNameOf(*method);
      ++tried;
    }
  }
  EXPECT_GE(tried, 50u);
}

// The second wall: as the running role, without a tenant and with another's.
TEST_F(TwoTenants, AreKeptApartByTheTablesThemselves) {
  size_t tables = 0;
  size_t rows_of_owner = 0;
  for (const auto& service : Deployment::Services()) {
    const std::string schema = "crm_" + service;
    auto open = [&](const std::string& dsn) {
      auto database = pg::Database::Open({.dsn = dsn, .schema = schema, .pool_size = 1});
      EXPECT_TRUE(database.ok()) << database.status().ToString();
      return std::move(*database);
    };
    auto owner = open(system_.OwnerDsn(service));
    auto role = open(system_.DsnAs(schema, service));
    auto names = owner->Read({"SELECT table_name::text FROM information_schema.columns WHERE "
                              "table_schema = $1::text AND column_name = 'tenant'",
                              {pg::Value(schema)}},
                             {});
    ASSERT_TRUE(names.ok()) << names.status().ToString();
    for (size_t row = 0; row < names->size(); ++row) {
      pg::Statement count{"SELECT count(*) FROM " + names->GetString(row, 0), {}};
      auto without = role->Read(count, {});
      ASSERT_TRUE(without.ok()) << without.status().ToString();
      EXPECT_EQ(without->GetInt(0, 0), 0) << service << "." << names->GetString(row, 0);
      auto nobodys = role->Read(NamedUuid("tenant", "nobody"), count, {});
      EXPECT_EQ(nobodys->GetInt(0, 0), 0) << service << "." << names->GetString(row, 0);
      rows_of_owner += static_cast<size_t>(owner->Read(count, {})->GetInt(0, 0));
      ++tables;
    }
  }
  EXPECT_GE(tables, 60u);
  EXPECT_GE(rows_of_owner, 100u) << "the control: where row-level security does not hold";
}

}  // namespace
}  // namespace crm::test
