#include "tools/crmctl/collection.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

#include "google/api/field_behavior.pb.h"
#include "libs/base/uuid.h"
#include "tools/crmctl/field_value.h"
#include "tools/crmctl/message_text.h"
#include "tools/crmctl/printer.h"
#include "tools/crmctl/request_fields.h"
#include "tools/crmctl/server_types.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// A filter may have 8 KiB and a thousand nodes.
constexpr size_t kMaxFilterBytes = 6000;
constexpr size_t kMaxFilterKeys = 100;

std::string Quote(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// What a client may not change, or only when it creates.
bool IsFixed(const FieldDescriptor& field) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    auto behavior = options.GetExtension(google::api::field_behavior, i);
    if (behavior == google::api::IMMUTABLE || behavior == google::api::OUTPUT_ONLY ||
        behavior == google::api::IDENTIFIER) {
      return true;
    }
  }
  return false;
}

// Fields that are set in `wanted` and different in `existing`. What the server adds to a value (a
// phone's international form) is no difference.
std::vector<std::string> Differences(const Message& wanted, const Message& existing) {
  std::vector<const FieldDescriptor*> fields;
  wanted.GetReflection()->ListFields(wanted, &fields);
  std::vector<std::string> different;
  for (const auto* field : fields) {
    if (IsFixed(*field)) continue;
    google::protobuf::util::MessageDifferencer differencer;
    differencer.set_scope(google::protobuf::util::MessageDifferencer::PARTIAL);
    if (!differencer.CompareWithFields(wanted, existing, {field}, {field})) {
      different.push_back(field->name());
    }
  }
  return different;
}

std::string NameOf(const Message& record) {
  return TextAt(record, "name");
}

}  // namespace

std::string TextAt(const Message& record, const std::string& path) {
  auto dot = path.find('.');
  const auto* field = record.GetDescriptor()->FindFieldByName(path.substr(0, dot));
  if (field == nullptr) return "";
  if (dot == std::string::npos) return FieldText(record, *field);
  if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return "";
  return TextAt(record.GetReflection()->GetMessage(record, field), path.substr(dot + 1));
}

Result<std::unique_ptr<Collection>> Collection::Open(Remote& remote, const std::string& collection,
                                                     const std::string& key) {
  auto& types = remote.session().types();
  auto services = types.Services();
  if (!services) return services.status();
  auto group = FindGroup(*services, Kebab(collection));
  if (!group) return group.status();
  std::unique_ptr<Collection> opened(new Collection(remote, key));
  for (const auto& name : *group) {
    opened->methods_[name.verb] = {name.method, types.Prototype(*name.method->input_type()),
                                   types.Prototype(*name.method->output_type())};
  }
  for (const char* verb : {"list", "create"}) {
    if (Status has = opened->CheckVerb(verb); !has.ok()) return has;
  }
  const auto* record = opened->FindMethod("create")->response->GetDescriptor();
  if (record->FindFieldByName(key) == nullptr) {
    return Usage(record->name() + " has no field '" + key + "' to find it by.");
  }
  Status found = remote.Open(group->front().method->service()->full_name());
  if (!found.ok()) return found;
  return opened;
}

const Collection::Method* Collection::FindMethod(const std::string& verb) const {
  auto found = methods_.find(verb);
  return found == methods_.end() ? nullptr : &found->second;
}

std::unique_ptr<Message> Collection::NewRecord() const {
  return std::unique_ptr<Message>(FindMethod("create")->response->New());
}

Status Collection::CheckVerb(const std::string& verb) const {
  if (FindMethod(verb) != nullptr) return Status::Ok();
  return Usage("There is no '" + verb + "' in " +
               methods_.begin()->second.method->service()->full_name() + ".");
}

Result<Collection::Records> Collection::Find(std::span<const std::string> keys) const {
  Records found;
  while (!keys.empty()) {
    size_t count = 0;
    for (size_t bytes = 0; count < std::min(keys.size(), kMaxFilterKeys); ++count) {
      bytes += keys[count].size() + key_.size() + 8;
      if (count > 0 && bytes > kMaxFilterBytes) break;
    }
    if (Status listed = FindChunk(keys.first(count), found); !listed.ok()) return listed;
    keys = keys.subspan(count);
  }
  return found;
}

Status Collection::FindChunk(std::span<const std::string> keys, Records& found) const {
  std::string filter;
  for (const auto& key : keys) {
    filter += (filter.empty() ? "" : " OR ") + key_ + " = " + Quote(key);
  }
  const auto& list = *FindMethod("list");
  std::unique_ptr<Message> request(list.request->New());
  Status set = SetValue(*request, "filter", filter);
  if (set.ok()) set = SetValue(*request, "page_size", std::to_string(keys.size()));
  if (!set.ok()) return set;
  while (true) {
    std::unique_ptr<Message> page(list.response->New());
    if (Status listed = remote_.Call(*list.method, *request, *page); !listed.ok()) return listed;
    const auto* rows = RowsOf(*page->GetDescriptor());
    const auto* reflection = page->GetReflection();
    for (int i = 0; rows != nullptr && i < reflection->FieldSize(*page, rows); ++i) {
      auto record = NewRecord();
      record->CopyFrom(reflection->GetRepeatedMessage(*page, rows, i));
      std::string key = TextAt(*record, key_);
      // A `*` in a key is a wildcard to the filter; of equal keys the first counts.
      if (std::ranges::find(keys, key) != keys.end()) found.try_emplace(key, std::move(record));
    }
    std::string token = TextAt(*page, "next_page_token");
    if (token.empty()) return Status::Ok();
    if (Status next = SetValue(*request, "page_token", token); !next.ok()) return next;
  }
}

Status Collection::Call(const Method& method, Message& request, const std::string& step,
                        const PutOptions& options, Message& record) const {
  const std::string id = options.request_id + "/" + step;
  bool can_check = request.GetDescriptor()->FindFieldByName("validate_only") != nullptr;
  if (options.dry_run && !can_check) return Status::Ok();
  Status set = SetValue(request, "request_id", NamedUuid("crmctl", id).ToString());
  if (set.ok() && options.dry_run) set = SetValue(request, "validate_only", "true");
  if (!set.ok()) return set;
  return remote_.Call(*method.method, request, record);
}

Status Collection::FillCreate(const Wanted& wanted, Message& request) const {
  const auto* body = BodyOf(*request.GetDescriptor());
  if (body == nullptr) return Usage(request.GetTypeName() + " takes no record.");
  request.GetReflection()->MutableMessage(&request, body)->CopyFrom(*wanted.record);
  for (const auto& assignment : wanted.create) {
    Status set = SetValue(request, assignment.path, assignment.text);
    if (!set.ok()) return set;
  }
  return Status::Ok();
}

Status Collection::Create(const Wanted& wanted, const PutOptions& options, Message& record) const {
  const auto& create = *FindMethod("create");
  std::unique_ptr<Message> request(create.request->New());
  if (Status filled = FillCreate(wanted, *request); !filled.ok()) return filled;
  return Call(create, *request, "create", options, record);
}

Result<std::vector<PutResult>> Collection::CreateMany(std::span<const Wanted* const> wanted,
                                                      const PutOptions& options) const {
  const auto& create = *FindMethod("batch-create");
  std::unique_ptr<Message> request(create.request->New());
  std::unique_ptr<Message> response(create.response->New());
  const auto* requests = request->GetDescriptor()->FindFieldByName("requests");
  const auto* records = RowsOf(*response->GetDescriptor());
  if (requests == nullptr || records == nullptr) {
    return Usage(create.method->full_name() + " is no method that creates many records.");
  }
  for (const Wanted* each : wanted) {
    Message& one = *request->GetReflection()->AddMessage(request.get(), requests);
    if (Status filled = FillCreate(*each, one); !filled.ok()) return filled;
  }
  Status created = Call(create, *request, "create", options, *response);
  if (!created.ok()) return created;
  std::vector<PutResult> results(wanted.size());
  const auto* reflection = response->GetReflection();
  if (!options.dry_run && reflection->FieldSize(*response, records) != std::ssize(wanted)) {
    return Internal(create.method->full_name() + " did not answer with a record a request.");
  }
  for (size_t i = 0; i < results.size(); ++i) {
    results[i].outcome = Outcome::kCreated;
    if (options.dry_run) continue;
    results[i].name =
        NameOf(reflection->GetRepeatedMessage(*response, records, static_cast<int>(i)));
  }
  return results;
}

Status Collection::Update(const Wanted& wanted, const std::vector<std::string>& fields,
                          const PutOptions& options, Message& record) const {
  const auto* update = FindMethod("update");
  if (update == nullptr) return CheckVerb("update");
  std::unique_ptr<Message> request(update->request->New());
  const auto* body = BodyOf(*request->GetDescriptor());
  if (body == nullptr) return Usage(update->method->full_name() + " takes no record.");
  auto* changed = request->GetReflection()->MutableMessage(request.get(), body);
  changed->CopyFrom(*wanted.record);
  Status set = SetValue(*changed, "name", NameOf(record));
  for (const auto& field : fields) {
    if (set.ok()) set = SetValue(*request, "update_mask.paths", field);
  }
  if (!set.ok()) return set;
  return Call(*update, *request, "update/" + TextAt(record, "etag"), options, record);
}

Status Collection::CallVerb(const VerbCall& call, const std::string& step,
                            const PutOptions& options, Message& record) const {
  const auto* verb = FindMethod(call.verb);
  if (verb == nullptr) return CheckVerb(call.verb);
  std::unique_ptr<Message> request(verb->request->New());
  Status set = SetValue(*request, "name", NameOf(record));
  for (const auto& assignment : call.set) {
    if (set.ok()) set = SetValue(*request, assignment.path, assignment.text);
  }
  if (!set.ok()) return set;
  return Call(*verb, *request, step, options, record);
}

Result<PutResult> Collection::Put(const Wanted& wanted, const Message* existing,
                                  const PutOptions& options) const {
  auto record = NewRecord();
  PutResult result;
  if (existing == nullptr) {
    Status created = Create(wanted, options, *record);
    if (!created.ok()) return created;
    result.outcome = Outcome::kCreated;
    if (options.dry_run) return result;
  } else {
    record->CopyFrom(*existing);
    auto fields = Differences(*wanted.record, *record);
    if (!fields.empty()) {
      Status updated = Update(wanted, fields, options, *record);
      if (!updated.ok()) return updated;
      result.outcome = Outcome::kUpdated;
    }
  }
  result.name = NameOf(*record);
  bool called = result.outcome != Outcome::kUnchanged;
  for (size_t i = 0; i < wanted.verbs.size(); ++i) {
    const auto& verb = wanted.verbs[i];
    bool there = !verb.unless.empty() && std::ranges::all_of(verb.unless, [&](const auto& field) {
      return TextAt(*record, field.path) == field.text;
    });
    if (there) continue;
    if (result.outcome == Outcome::kUnchanged) result.outcome = Outcome::kUpdated;
    if (options.dry_run && called) break;
    Status brought = CallVerb(verb, std::to_string(i) + "/" + verb.verb, options, *record);
    if (!brought.ok() && called && IsRefusal(brought)) {
      result.refused = RefusedStep{verb.verb, brought};
      return result;
    }
    if (!brought.ok()) return brought;
    called = true;
  }
  return result;
}

}  // namespace crm::ctl
