#include "libs/entity/conformance_host.h"

#include <google/protobuf/field_mask.pb.h>

#include <cctype>
#include <stdexcept>

#include "google/api/resource.pb.h"
#include "libs/entity/options.h"
#include "libs/entity/standard_methods.h"
#include "libs/rpc/descriptors.h"

namespace crm::entity {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

namespace {

template <class T>
T OrThrow(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  return std::move(*result);
}

const FieldDescriptor* FieldWith(const google::protobuf::Descriptor* message,
                                 const google::protobuf::Descriptor* record) {
  for (int i = 0; i < message->field_count(); ++i) {
    if (message->field(i)->message_type() == record) return message->field(i);
  }
  throw std::runtime_error(message->full_name() + " has no " + record->full_name());
}

test::CallHarnessOptions OptionsFor(test::PgSchema* schema, uint64_t seed) {
  test::CallHarnessOptions options;
  if (schema != nullptr) options.store = test::StoreIn(*schema);
  options.seed = seed;
  return options;
}

}  // namespace

bool SetField(Message& message, const std::string& name, const std::string& text) {
  const auto* field = message.GetDescriptor()->FindFieldByName(name);
  if (field != nullptr) message.GetReflection()->SetString(&message, field, text);
  return field != nullptr;
}

bool SetField(Message& message, const std::string& name, bool value) {
  const auto* field = message.GetDescriptor()->FindFieldByName(name);
  if (field != nullptr) message.GetReflection()->SetBool(&message, field, value);
  return field != nullptr;
}

bool SetField(Message& message, const std::string& name, int number) {
  const auto* field = message.GetDescriptor()->FindFieldByName(name);
  if (field != nullptr) message.GetReflection()->SetInt32(&message, field, number);
  return field != nullptr;
}

bool SetField(Message& message, const std::string& name, Time time) {
  const auto* field = message.GetDescriptor()->FindFieldByName(name);
  if (field != nullptr) SetTimestamp(message, field, time);
  return field != nullptr;
}

ConformanceHost::ConformanceHost(const ConformanceService& service, const ConformanceEntity& entity,
                                 test::PgSchema* schema, uint64_t seed)
    : service_(service),
      entity_(entity),
      schema_(schema),
      calls_(service.records, OptionsFor(schema, seed)),
      type_(calls_.type(entity.record)) {
  auto methods = service.methods(calls_.types());
  for (const auto& binding : methods) bound_.insert(binding.method);
  calls_.Bind(methods);
}

const MethodDescriptor* ConformanceHost::Method(std::string_view verb) const {
  std::string plural = entity_.record->options().GetExtension(google::api::resource).plural();
  if (plural.empty()) plural = type_.collection();
  plural[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(plural[0])));
  bool many = verb == "List" || verb.starts_with("Batch");
  const MethodDescriptor* method =
      FindService(entity_.service)
          ->FindMethodByName(std::string(verb) + (many ? plural : entity_.record->name()));
  // A creation that answers with more than the record (a key's secret) is the service's own.
  bool own = method != nullptr && verb == "Create" && method->output_type() != entity_.record;
  return own ? nullptr : method;
}

bool ConformanceHost::Takes(std::string_view verb, const std::string& field) const {
  const auto* method = Method(verb);
  return method != nullptr && method->input_type()->FindFieldByName(field) != nullptr;
}

MessagePtr ConformanceHost::Request(std::string_view verb) const {
  return rpc::NewMessage(Method(verb)->input_type());
}

std::string ConformanceHost::record_field() const {
  const auto* method = Method("Create") != nullptr ? Method("Create") : Method("Update");
  return FieldWith(method->input_type(), entity_.record)->name();
}

Message& ConformanceHost::RecordIn(Message& request) const {
  return *request.GetReflection()->MutableMessage(
      &request, FieldWith(request.GetDescriptor(), entity_.record));
}

Result<MessagePtr> ConformanceHost::Send(std::string_view verb, const Message& request) {
  return Send(verb, request, calls_.admin());
}

Result<MessagePtr> ConformanceHost::Send(std::string_view verb, const Message& request,
                                         const Principal& as) {
  return calls_.CallMessage(entity_.service + "/" + Method(verb)->name(), request, as);
}

std::string ConformanceHost::ReferenceTo(const std::string& collection) {
  if (auto known = references_.find(collection); known != references_.end()) return known->second;
  references_[collection] = "";  // a circle of references ends here
  for (const auto& other : service_.entities) {
    if (calls_.type(other.record).collection() != collection) continue;
    const MethodDescriptor* create =
        FindService(other.service)->FindMethodByName("Create" + other.record->name());
    if (create == nullptr) continue;
    MessagePtr request = rpc::NewMessage(create->input_type());
    Message* body = request->GetReflection()->MutableMessage(
        request.get(), FieldWith(request->GetDescriptor(), other.record));
    FillExample(*body, 900, FillFor::kClient,
                [this](const std::string& next) { return ReferenceTo(next); });
    if (other.adjust) other.adjust(*this, *body, 900);
    auto made =
        OrThrow(calls_.CallMessage(other.service + "/" + create->name(), *request, calls_.admin()));
    references_[collection] = calls_.type(other.record).NameOf(*made);
  }
  return references_[collection];
}

MessagePtr ConformanceHost::Example(int salt) {
  MessagePtr example = rpc::NewMessage(entity_.record);
  FillExample(*example, salt, FillFor::kClient,
              [this](const std::string& collection) { return ReferenceTo(collection); });
  if (entity_.adjust) entity_.adjust(*this, *example, salt);
  return example;
}

Result<MessagePtr> ConformanceHost::Create(const Message& body) {
  MessagePtr request = Request("Create");
  RecordIn(*request).CopyFrom(body);
  return Send("Create", *request);
}

MessagePtr ConformanceHost::Created(int salt) {
  if (Method("Create") == nullptr) return StoredByServer(salt);
  MessagePtr example = Example(salt);
  auto created = Create(*example);
  if (created.ok()) return std::move(*created);
  bool refused = created.status().code() == Code::kInvalidArgument ||
                 created.status().code() == Code::kFailedPrecondition;
  throw std::runtime_error(
      created.status().ToString() +
      (refused ? "\nThe suite made this example from the field options. Where hooks want more, "
                 "`adjust` of ConformanceEntity (libs/entity/conformance.h) makes it fit."
               : "\nIs the table as " + entity_.record->name() +
                     "_HasTheColumnsOfItsDescriptor wants it?") +
      "\nThe example: " + example->ShortDebugString());
}

MessagePtr ConformanceHost::StoredByServer(int salt) {
  MessagePtr record = rpc::NewMessage(entity_.record);
  FillExample(*record, salt, FillFor::kServer,
              [this](const std::string& collection) { return ReferenceTo(collection); });
  if (entity_.adjust) entity_.adjust(*this, *record, salt);
  Uuid id = entity_.only ? entity_.only(calls_.tenant())
                         : DeriveUuid7(calls_.clock().Now(), calls_.tenant(), std::to_string(salt));
  std::string name = type_.Name(id);
  SetField(*record, "name", name);
  auto status = calls_.Run([&](Call& call) -> Status {
    if (type_.projection()) return call.Project(*record);
    auto known = call.FindMessage(type_, name);
    if (!known.ok()) return known.status();
    return call.StoreWithFact(*record, *known == nullptr ? "created" : "updated");
  });
  if (!status.ok()) throw std::runtime_error(status.ToString());
  if (Method("Get") != nullptr) return Read(name);
  for (auto& listed : List({})) {
    if (NameOf(*listed) == name) return std::move(listed);
  }
  throw std::runtime_error(name + " is not listed");
}

Result<MessagePtr> ConformanceHost::Get(const std::string& name, std::optional<Time> time,
                                        const std::string& timeline) {
  MessagePtr request = Request("Get");
  SetField(*request, "name", name);
  if (time) SetField(*request, timeline, *time);
  return Send("Get", *request);
}

MessagePtr ConformanceHost::Read(const std::string& name) {
  return OrThrow(Get(name));
}

Result<MessagePtr> ConformanceHost::Update(const Message& body,
                                           const std::vector<std::string>& mask) {
  MessagePtr request = Request("Update");
  RecordIn(*request).CopyFrom(body);
  const auto* field = request->GetDescriptor()->FindFieldByName("update_mask");
  auto* paths = static_cast<google::protobuf::FieldMask*>(
      request->GetReflection()->MutableMessage(request.get(), field));
  for (const auto& path : mask) paths->add_paths(path);
  return Send("Update", *request);
}

Result<MessagePtr> ConformanceHost::Delete(const std::string& name, const std::string& etag) {
  MessagePtr request = Request("Delete");
  SetField(*request, "name", name);
  SetField(*request, "etag", etag);
  return Send("Delete", *request);
}

Result<MessagePtr> ConformanceHost::Undelete(const std::string& name) {
  MessagePtr request = Request("Undelete");
  SetField(*request, "name", name);
  return Send("Undelete", *request);
}

Result<std::vector<MessagePtr>> ConformanceHost::Page(const ListAsk& ask, const Principal& as,
                                                      std::string* next) {
  MessagePtr request = Request("List");
  SetField(*request, "filter", ask.filter);
  SetField(*request, "order_by", ask.order_by);
  SetField(*request, "page_size", ask.page_size);
  SetField(*request, "page_token", ask.page_token);
  SetField(*request, "show_deleted", ask.show_deleted);
  if (ask.as_of) SetField(*request, "as_of", *ask.as_of);
  auto response = Send("List", *request, as);
  if (!response.ok()) return response.status();
  const auto* reflection = (*response)->GetReflection();
  const auto* records = FieldWith((*response)->GetDescriptor(), entity_.record);
  std::vector<MessagePtr> page;
  for (int i = 0; i < reflection->FieldSize(**response, records); ++i) {
    page.push_back(type_.NewMessage());
    page.back()->CopyFrom(reflection->GetRepeatedMessage(**response, records, i));
  }
  if (next != nullptr) {
    *next = reflection->GetString(**response,
                                  (*response)->GetDescriptor()->FindFieldByName("next_page_token"));
  }
  return page;
}

std::vector<MessagePtr> ConformanceHost::List(const ListAsk& ask) {
  return List(ask, calls_.admin());
}

std::vector<MessagePtr> ConformanceHost::List(const ListAsk& first, const Principal& as) {
  std::vector<MessagePtr> all;
  ListAsk ask = first;
  do {
    std::string next;
    auto page = OrThrow(Page(ask, as, &next));
    for (auto& record : page) all.push_back(std::move(record));
    ask.page_token = next;
  } while (!ask.page_token.empty());
  return all;
}

void ConformanceHost::SetByServer(const std::string& name,
                                  const std::function<void(Message&)>& change) {
  auto status = calls_.Run([&](Call& call) -> Status {
    auto loaded = call.LoadMessage(type_, name, true);
    if (!loaded.ok()) return loaded.status();
    MessagePtr record((*loaded)->New());
    record->CopyFrom(**loaded);
    change(*record);
    return type_.projection() ? call.Project(*record) : call.StoreWithFact(*record, "updated");
  });
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

Principal ConformanceHost::User(Scope scope) {
  return calls_.User(type_.object() + ".*", scope);
}

std::vector<const FieldDescriptor*> ConformanceHost::FreeFields() const {
  std::vector<const FieldDescriptor*> fields;
  for (int i = 0; i < entity_.record->field_count(); ++i) {
    const FieldDescriptor* field = entity_.record->field(i);
    bool free = !OutputOnly(field) && field != type_.name_field() && field != type_.etag_field() &&
                !Behaves(field, google::api::IMMUTABLE) && !entity_.frozen.contains(field->name());
    if (free) fields.push_back(field);
  }
  return fields;
}

std::vector<kernel::v1::LogRow> ConformanceHost::LogOf(const std::string& name) {
  std::vector<kernel::v1::LogRow> rows;
  for (auto& row : calls_.Log()) {
    if (row.subject() == name) rows.push_back(std::move(row));
  }
  return rows;
}

Time ConformanceHost::Now() {
  return OrThrow(calls_.store().LogHead({})).second;
}

}  // namespace crm::entity
