// Bad inputs, made from the options of each field.
#include <limits>

#include "libs/entity/conformance_host.h"
#include "libs/entity/options.h"
#include "libs/entity/standard_methods.h"

namespace crm::entity {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

bool Always(const ConformanceHost&) {
  return true;
}

bool CanWrite(const ConformanceHost& host) {
  return host.Method("Create") != nullptr || host.Method("Update") != nullptr;
}
bool IsNamed(const ConformanceHost& host) {
  return host.IsNamed();
}

// Sends bodies by a creation or, where clients make no such records, by an update of the whole.
class Putter {
 public:
  explicit Putter(ConformanceHost& host) : host_(host) {
    if (host.Method("Create") == nullptr) name_ = host.NameOf(*host.Created(1));
  }
  Result<MessagePtr> Put(Message& body) {
    if (name_.empty()) return host_.Create(body);
    SetField(body, "name", name_);
    return host_.Update(body, {"*"});
  }

 private:
  ConformanceHost& host_;
  std::string name_;
};

std::vector<const FieldDescriptor*> ClientFields(const ConformanceHost& host) {
  auto fields = host.FreeFields();
  for (int i = 0; i < host.entity().record->field_count(); ++i) {
    const auto* field = host.entity().record->field(i);
    bool frozen = host.entity().frozen.contains(field->name());
    if (Behaves(field, google::api::IMMUTABLE) && !OutputOnly(field) && !frozen)
      fields.push_back(field);
  }
  return fields;
}

// A way to spoil a field.
struct Fault {
  std::string what;
  std::function<void(Message&)> plant;
};

void AddTextFaults(const FieldDescriptor* field, std::vector<Fault>& faults) {
  const auto& options = OptionsOf(field);
  auto set = [field](const std::string& text) {
    return [field, text](Message& message) {
      const auto* reflection = message.GetReflection();
      if (!field->is_repeated()) return reflection->SetString(&message, field, text);
      reflection->ClearField(&message, field);
      reflection->AddString(&message, field, text);
    };
  };
  int most = options.max_length() > 0 && !field->is_repeated() ? options.max_length() : 1000;
  std::string longest;
  for (int i = 0; i <= most; ++i) longest += "א";
  faults.push_back({"too long", set(longest)});
  faults.push_back({"a control character", set("a\x01z")});
  if (!options.reference().empty()) {
    faults.push_back({"another collection", set("somethings/" + NamedUuid("x", "1").ToString())});
    faults.push_back({"no id", set(options.reference() + "/1")});
  }
  if (options.must_exist()) {
    faults.push_back(
        {"what does not exist", set(options.reference() + "/" + NamedUuid("x", "2").ToString())});
  }
  if (options.email()) {
    for (const char* bad : {"nobody", "a@b", "a b@example.com", "@example.com", "a@-example.com",
                            "a@b.com, c@d.com"}) {
      faults.push_back({bad, set(bad)});
    }
  }
}

void AddNumberFaults(const FieldDescriptor* field, std::vector<Fault>& faults) {
  const auto& options = OptionsOf(field);
  if (options.max_value() <= options.min_value()) return;
  for (int64_t bad : {options.min_value() - 1, options.max_value() + 1}) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
      faults.push_back({std::to_string(bad), [=](Message& message) {
                          message.GetReflection()->SetInt32(&message, field,
                                                            static_cast<int32_t>(bad));
                        }});
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
      faults.push_back({std::to_string(bad), [=](Message& message) {
                          message.GetReflection()->SetInt64(&message, field, bad);
                        }});
    }
  }
}

void AddMessageFaults(const FieldDescriptor* field, std::vector<Fault>& faults) {
  const std::string& type = field->message_type()->full_name();
  if (type == "google.protobuf.Timestamp") {
    faults.push_back({"a time beyond year 9999", [=](Message& message) {
                        Message* time = message.GetReflection()->MutableMessage(&message, field);
                        time->GetReflection()->SetInt64(time, time->GetDescriptor()->field(0),
                                                        253402300800);
                      }});
  }
  if (type == "crm.type.v1.Money") {
    faults.push_back({"no currency", [=](Message& message) {
                        Message* money = message.GetReflection()->MutableMessage(&message, field);
                        SetField(*money, "currency_code", std::string("shekel"));
                      }});
  }
}

std::vector<Fault> FaultsOf(const FieldDescriptor* field) {
  std::vector<Fault> faults;
  if (Behaves(field, google::api::REQUIRED)) {
    faults.push_back({"nothing", [=](Message& message) {
                        message.GetReflection()->ClearField(&message, field);
                      }});
  }
  if (field->is_map()) return faults;
  if (field->is_repeated()) {
    int most = OptionsOf(field).max_length() > 0 ? OptionsOf(field).max_length() : 100;
    faults.push_back({"too many", [=](Message& message) {
                        const auto* reflection = message.GetReflection();
                        while (reflection->FieldSize(message, field) <= most) {
                          if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
                            reflection->AddMessage(&message, field);
                          } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
                            reflection->AddString(&message, field, "x");
                          } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
                            reflection->AddEnumValue(&message, field, 1);
                          } else {
                            return;
                          }
                        }
                      }});
  }
  if (field->type() == FieldDescriptor::TYPE_STRING) AddTextFaults(field, faults);
  if (field->is_repeated()) return faults;
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) AddMessageFaults(field, faults);
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    faults.push_back({"an unknown value", [=](Message& message) {
                        message.GetReflection()->SetEnumValue(&message, field, 98765);
                      }});
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
    faults.push_back({"no number", [=](Message& message) {
                        message.GetReflection()->SetDouble(
                            &message, field, std::numeric_limits<double>::quiet_NaN());
                      }});
  }
  AddNumberFaults(field, faults);
  return faults;
}

bool Names(const Status& status, const std::string& path) {
  for (const auto& violation : status.field_violations()) {
    bool below = violation.field.size() > path.size() &&
                 (violation.field[path.size()] == '.' || violation.field[path.size()] == '[');
    if (violation.field.starts_with(path) && (violation.field.size() == path.size() || below))
      return true;
  }
  return false;
}

void RefusesEveryFaultByItsPath(ConformanceHost& host) {
  Putter putter(host);
  size_t rows = host.calls().Log().size();
  for (const auto* field : ClientFields(host)) {
    for (const auto& fault : FaultsOf(field)) {
      MessagePtr body = host.Example(1);
      rows = std::max(rows, host.calls().Log().size());  // references may have been made
      fault.plant(*body);
      auto refused = putter.Put(*body);
      EXPECT_EQ(refused.status().code(), Code::kInvalidArgument)
          << field->name() << ": " << fault.what;
      EXPECT_TRUE(Names(refused.status(), host.record_field() + "." + field->name()))
          << field->name() << ": " << fault.what << ": " << refused.status().ToString();
    }
  }
  EXPECT_EQ(host.calls().Log().size(), rows);
}

void NamesAllFaultsAtOnce(ConformanceHost& host) {
  Putter putter(host);
  MessagePtr body = host.Example(1);
  std::vector<std::string> paths;
  for (const auto* field : ClientFields(host)) {
    auto faults = FaultsOf(field);
    if (faults.empty()) continue;
    faults.back().plant(*body);
    paths.push_back(host.record_field() + "." + field->name());
  }
  if (paths.empty()) return;
  auto refused = putter.Put(*body);
  for (const auto& path : paths)
    EXPECT_TRUE(Names(refused.status(), path)) << path << refused.status().ToString();
}

void RefusesMalformedNames(ConformanceHost& host) {
  for (const char* verb : {"Get", "Delete", "Undelete"}) {
    if (host.Method(verb) == nullptr) continue;
    for (const std::string& name :
         {std::string(), std::string("x"), host.type().collection() + "/1",
          "x/" + NamedUuid("x", "1").ToString()}) {
      MessagePtr request = host.Request(verb);
      SetField(*request, "name", name);
      EXPECT_EQ(host.Send(verb, *request).status().code(), Code::kInvalidArgument)
          << verb << " " << name;
    }
    MessagePtr request = host.Request(verb);
    SetField(*request, "name", host.type().Name(NamedUuid("x", "1")));
    EXPECT_EQ(host.Send(verb, *request).status().code(), Code::kNotFound) << verb;
  }
}

// A method without a handler answers UNIMPLEMENTED, one without a permission everybody.
void HasAHandlerAndAPermissionForEveryMethod(ConformanceHost& host) {
  const auto* service = FindService(host.entity().service);
  for (int i = 0; i < service->method_count(); ++i) {
    const auto* method = service->method(i);
    EXPECT_TRUE(host.bound().contains(method))
        << method->full_name() << ": Methods() of the service binds no handler to it";
    const auto& options = method->options().GetExtension(options::v1::method);
    EXPECT_TRUE(!options.permission().empty() || options.public_())
        << method->full_name() << ": option (crm.options.v1.method) names no permission";
  }
}

}  // namespace

const std::vector<ConformanceCheck>& InputChecks() {
  static const std::vector<ConformanceCheck> checks = {
      {"RefusesEveryFaultByItsPath", RefusesEveryFaultByItsPath, CanWrite},
      {"NamesAllFaultsAtOnce", NamesAllFaultsAtOnce, CanWrite},
      {"RefusesMalformedNames", RefusesMalformedNames, IsNamed},
      {"HasAHandlerAndAPermissionForEveryMethod", HasAHandlerAndAPermissionForEveryMethod, Always,
       true},
  };
  return checks;
}

}  // namespace crm::entity
