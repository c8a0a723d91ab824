#include "libs/entity/standard_methods.h"

#include <cctype>

#include "google/api/resource.pb.h"
#include "libs/command/access.h"
#include "libs/command/record_codec.h"
#include "libs/entity/method_shape.h"
#include "libs/rpc/descriptors.h"

namespace crm::entity {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

namespace {

// --- Fields of requests by name; absent ones read as unset. ---

const FieldDescriptor* Field(const Message& request, const std::string& name) {
  return request.GetDescriptor()->FindFieldByName(name);
}

std::string Text(const Message& request, const std::string& name) {
  const auto* field = Field(request, name);
  return field == nullptr ? std::string() : request.GetReflection()->GetString(request, field);
}

bool Flag(const Message& request, const std::string& name) {
  const auto* field = Field(request, name);
  return field != nullptr && request.GetReflection()->GetBool(request, field);
}

int Number(const Message& request, const std::string& name) {
  const auto* field = Field(request, name);
  return field == nullptr ? 0 : request.GetReflection()->GetInt32(request, field);
}

void AddRecord(Message& response, const Descriptor* record_type, MessagePtr record) {
  response.GetReflection()->AddAllocatedMessage(
      &response, FieldOf(response.GetDescriptor(), record_type, true), record.release());
}

// --- The methods. ---

class Methods {
 public:
  Methods(const ServiceDescriptor* service, const RecordType& type, const Settings& settings,
          Hooks hooks)
      : type_(type), crud_(type, settings, std::move(hooks), Verbs(service)) {}

  std::vector<Result<std::string>> Get(std::span<const CallToAnswer> calls,
                                       std::stop_token stop) const {
    std::vector<Crud::Wanted> wanted;
    for (const auto& [call, request] : calls) wanted.push_back({call, Text(*request, "name")});
    return crud_.Get(wanted, std::move(stop));
  }

  Result<std::string> List(Call& call, const Message& request,
                           const Descriptor* response_type) const {
    ListRequest list{Number(request, "page_size"), Text(request, "page_token"),
                     Text(request, "filter"), Text(request, "order_by"),
                     Flag(request, "show_deleted")};
    auto page = crud_.List(call, list);
    if (!page.ok()) return page.status();
    std::string response;
    const auto* records = FieldOf(response_type, type_.message(), true);
    for (const auto& record : page->records) AppendField(records, record, response);
    if (!page->next_page_token.empty()) {
      AppendField(response_type->FindFieldByName("next_page_token"), page->next_page_token,
                  response);
    }
    return response;
  }

  Result<std::string> BatchGet(Call& call, const Message& request,
                               const Descriptor* response_type) const {
    const auto* names = Field(request, "names");
    const auto* reflection = request.GetReflection();
    if (auto status = CheckBatch(request, names); !status.ok()) return status;
    std::vector<Crud::Wanted> wanted;
    for (int i = 0; i < reflection->FieldSize(request, names); ++i) {
      wanted.push_back({&call, reflection->GetRepeatedString(request, names, i)});
      if (!type_.ParseName(wanted.back().name).ok()) {
        return InvalidField("names[" + std::to_string(i) + "]",
                            "must have the form " + type_.collection() + "/{uuid}");
      }
    }
    auto records = crud_.Get(wanted, call.stop());
    std::string response;
    const auto* found = FieldOf(response_type, type_.message(), true);
    const auto* unreachable = response_type->FindFieldByName("unreachable");
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (records[i].ok()) {
        AppendField(found, *records[i], response);
      } else if (records[i].status().code() == Code::kNotFound && unreachable != nullptr) {
        AppendField(unreachable, wanted[i].name, response);
      } else {
        return records[i].status();
      }
    }
    return response;
  }

  Result<MessagePtr> Create(Call& call, const Message& request, const std::string& path) const {
    const auto* field = FieldOf(request.GetDescriptor(), type_.message(), false);
    if (!request.GetReflection()->HasField(request, field)) {
      return InvalidField(path + field->name(), "is required");
    }
    std::optional<Uuid> id;
    if (std::string text = Text(request, field->name() + "_id"); !text.empty()) {
      id = Uuid::Parse(text);
      if (!id || id->is_nil()) return InvalidField(path + field->name() + "_id", "must be a UUID");
    }
    return crud_.Create(call, request.GetReflection()->GetMessage(request, field), id,
                        path + field->name());
  }

  Result<MessagePtr> Update(Call& call, const Message& request, const std::string& path) const {
    const auto* field = FieldOf(request.GetDescriptor(), type_.message(), false);
    if (!request.GetReflection()->HasField(request, field)) {
      return InvalidField(path + field->name(), "is required");
    }
    const Message& body = request.GetReflection()->GetMessage(request, field);
    FieldMask mask;
    if (const auto* masks = Field(request, "update_mask")) {
      mask.CopyFrom(request.GetReflection()->GetMessage(request, masks));
    }
    auto updated = crud_.Update(call, body, mask, path + field->name());
    if (updated.status().code() != Code::kNotFound || !Flag(request, "allow_missing"))
      return updated;
    // Only what nobody has made yet is missing: a record that is hidden or deleted stays not found.
    std::string name = type_.NameOf(body);
    auto existing = call.FindMessage(type_, name);
    if (!existing.ok()) return existing.status();
    if (*existing != nullptr) return updated;
    if (!call.principal().Allows(type_.object(), "create"))
      return PermissionDenied(type_.object(), "create");
    return crud_.Create(call, body, *type_.ParseName(name), path + field->name());
  }

  Result<MessagePtr> Delete(Call& call, const Message& request) const {
    std::string name = Text(request, "name");
    auto deleted = crud_.Delete(call, name, Text(request, "etag"));
    if (deleted.status().code() != Code::kNotFound || !Flag(request, "allow_missing"))
      return deleted;
    // As AIP-135 wants it: the record where it is deleted already, an empty one where there is none
    // to see.
    MessagePtr gone = type_.NewMessage();
    auto found = call.LoadMessage(type_, name, true);
    if (found.ok()) gone->CopyFrom(**found);
    return gone;
  }

  Result<MessagePtr> Undelete(Call& call, const Message& request) const {
    return crud_.Undelete(call, Text(request, "name"), Text(request, "etag"));
  }

  using One = Result<MessagePtr> (Methods::*)(Call&, const Message&, const std::string&) const;
  Result<MessagePtr> Batch(Call& call, const Message& request, const Descriptor* response_type,
                           One one) const {
    const auto* requests = Field(request, "requests");
    if (auto status = CheckBatch(request, requests); !status.ok()) return status;
    MessagePtr response = rpc::NewMessage(response_type);
    for (int i = 0; i < request.GetReflection()->FieldSize(request, requests); ++i) {
      const Message& each = request.GetReflection()->GetRepeatedMessage(request, requests, i);
      auto record = (this->*one)(call, each, "requests[" + std::to_string(i) + "].");
      if (!record.ok()) return record;
      AddRecord(*response, type_.message(), std::move(*record));
    }
    return response;
  }

 private:
  // The service's own methods, by which a record changes beside the standard ones.
  static std::vector<std::string> Verbs(const ServiceDescriptor* service) {
    std::vector<std::string> verbs;
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor* method = service->method(i);
      bool standard = false;
      for (const char* prefix :
           {"Get", "List", "Batch", "Create", "Update", "Delete", "Undelete"}) {
        standard = standard || method->name().starts_with(prefix);
      }
      if (!rpc::OnlyReads(*method) && !standard) verbs.push_back(method->name());
    }
    return verbs;
  }

  static Status CheckBatch(const Message& request, const FieldDescriptor* list) {
    int size = request.GetReflection()->FieldSize(request, list);
    if (size == 0) return InvalidField(list->name(), "must not be empty");
    if (size <= kMaxBatch) return Status::Ok();
    return InvalidField(list->name(),
                        "must have at most " + std::to_string(kMaxBatch) + " elements");
  }

  const RecordType& type_;
  const Crud crud_;
};

std::string PluralOf(const RecordType& type) {
  const auto& resource = type.message()->options().GetExtension(google::api::resource);
  std::string plural = resource.plural().empty() ? type.collection() : resource.plural();
  plural[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(plural[0])));
  return plural;
}

// Binds those of the standard methods that a service has.
class Binder {
 public:
  using Function = std::function<Result<MessagePtr>(const Methods&, Call&, const Message& request,
                                                    const Descriptor* response)>;
  using Read = std::function<Result<std::string>(const Methods&, Call&, const Message& request,
                                                 const Descriptor* response)>;

  Binder(const ServiceDescriptor* service, const RecordType& type,
         std::shared_ptr<const Methods> methods)
      : service_(service), type_(type), methods_(std::move(methods)) {}

  void BindGet(const std::string& name, const std::function<void(MethodShape)>& check) {
    if (Find(name, check) == nullptr) return;
    bindings_.push_back(
        BindGroup(service_, name.c_str(),
                  [methods = methods_](std::span<const CallToAnswer> calls, std::stop_token stop) {
                    return methods->Get(calls, std::move(stop));
                  }));
  }

  void BindRead(const std::string& name, const std::function<void(MethodShape)>& check, Read read) {
    const MethodDescriptor* method = Find(name, check);
    if (method == nullptr) return;
    bindings_.push_back(BindEncoded(
        service_, name.c_str(),
        [methods = methods_, read = std::move(read), out = method->output_type()](
            Call& call, const Message& request) { return read(*methods, call, request, out); }));
  }

  void Bind(const std::string& name, const std::function<void(MethodShape)>& check,
            Function function) {
    const MethodDescriptor* method = Find(name, check);
    if (method == nullptr) return;
    bindings_.push_back(
        BindMessages(service_, name.c_str(), method->input_type(), method->output_type(),
                     [methods = methods_, function = std::move(function),
                      out = method->output_type()](Call& call, const Message& request) {
                       return function(*methods, call, request, out);
                     }));
  }
  std::vector<MethodBinding> Take() { return std::move(bindings_); }

 private:
  // nullptr where the service has none, or its own.
  const MethodDescriptor* Find(const std::string& name,
                               const std::function<void(MethodShape)>& check) {
    const MethodDescriptor* method = service_->FindMethodByName(name);
    if (method == nullptr) return nullptr;
    // A creation that answers more than the record (a secret, shown once).
    bool own =
        name == "Create" + type_.message()->name() && method->output_type() != type_.message();
    if (own) return nullptr;
    check(MethodShape(method, type_));
    return method;
  }

  const ServiceDescriptor* service_;
  const RecordType& type_;
  const std::shared_ptr<const Methods> methods_;
  std::vector<MethodBinding> bindings_;
};

constexpr auto kText = FieldDescriptor::CPPTYPE_STRING;
constexpr auto kMessage = FieldDescriptor::CPPTYPE_MESSAGE;
using M = const Methods&;

void BindReads(Binder& binder, const std::string& one, const std::string& many) {
  binder.BindGet("Get" + one,
                 [](MethodShape shape) { shape.Request("name", kText).ReturnsRecord(); });
  binder.BindRead(
      "List" + many, [](MethodShape shape) { shape.ReturnsRecords().Response("next_page_token"); },
      [](M m, Call& call, const Message& in, const Descriptor* out) {
        return m.List(call, in, out);
      });
  binder.BindRead(
      "BatchGet" + many,
      [](MethodShape shape) { shape.Request("names", kText, true).ReturnsRecords(); },
      [](M m, Call& call, const Message& in, const Descriptor* out) {
        return m.BatchGet(call, in, out);
      });
}

void BindWrites(Binder& binder, const std::string& one, const std::string& many) {
  binder.Bind(
      "Create" + one, [](MethodShape shape) { shape.RequestHasRecord(); },
      [](M m, Call& call, const Message& in, const Descriptor*) { return m.Create(call, in, ""); });
  binder.Bind(
      "BatchCreate" + many,
      [](MethodShape shape) { shape.Request("requests", kMessage, true).ReturnsRecords(); },
      [](M m, Call& call, const Message& in, const Descriptor* out) {
        return m.Batch(call, in, out, &Methods::Create);
      });
  binder.Bind(
      "Update" + one, [](MethodShape shape) { shape.RequestHasRecord().ReturnsRecord(); },
      [](M m, Call& call, const Message& in, const Descriptor*) { return m.Update(call, in, ""); });
  binder.Bind(
      "BatchUpdate" + many,
      [](MethodShape shape) { shape.Request("requests", kMessage, true).ReturnsRecords(); },
      [](M m, Call& call, const Message& in, const Descriptor* out) {
        return m.Batch(call, in, out, &Methods::Update);
      });
  binder.Bind(
      "Delete" + one,
      [](MethodShape shape) { shape.Request("name", kText).ReturnsRecord().NeedsSoftDelete(); },
      [](M m, Call& call, const Message& in, const Descriptor*) { return m.Delete(call, in); });
  binder.Bind(
      "Undelete" + one,
      [](MethodShape shape) { shape.Request("name", kText).ReturnsRecord().NeedsSoftDelete(); },
      [](M m, Call& call, const Message& in, const Descriptor*) { return m.Undelete(call, in); });
}

}  // namespace

const ServiceDescriptor* FindService(std::string_view full_name) {
  const auto* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(std::string(full_name));
  if (service == nullptr) Mistake(std::string(full_name), "no such service is linked");
  return service;
}

std::vector<MethodBinding> StandardMethods(const ServiceDescriptor* service, const RecordType& type,
                                           const Settings& settings, Hooks hooks) {
  std::string one = type.message()->name();
  std::string many = PluralOf(type);
  Binder binder(service, type,
                std::make_shared<const Methods>(service, type, settings, std::move(hooks)));
  BindReads(binder, one, many);
  BindWrites(binder, one, many);
  auto bindings = binder.Take();
  if (bindings.empty()) Mistake(service->full_name(), "has no standard method of " + one);
  return bindings;
}

}  // namespace crm::entity
