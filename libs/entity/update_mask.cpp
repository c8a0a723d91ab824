#include "libs/entity/update_mask.h"

#include "libs/command/event_builder.h"
#include "libs/entity/options.h"
#include "libs/filter/schema.h"

namespace crm::entity {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;

namespace {

struct PathError {
  bool output_only = false;
  std::string what;
};

// "a.`b.c`.d" -> a, b.c, d. Empty where the quoting is broken or a part is empty.
std::vector<std::string> Split(const std::string& path) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (char letter : path) {
    if (letter == '`') {
      quoted = !quoted;
    } else if (letter == '.' && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += letter;
    }
  }
  for (const auto& part : parts) {
    if (part.empty() || quoted) return {};
  }
  return parts;
}

std::vector<std::string> FieldNames(const Descriptor* message) {
  std::vector<std::string> names;
  for (int i = 0; i < message->field_count(); ++i) names.push_back(message->field(i)->name());
  return names;
}

// The text of a map entry's key.
std::string KeyOf(const Message& entry) {
  const auto* reflection = entry.GetReflection();
  const auto* key = entry.GetDescriptor()->map_key();
  switch (key->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->GetString(entry, key);
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(reflection->GetInt32(entry, key));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(reflection->GetInt64(entry, key));
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(reflection->GetUInt32(entry, key));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(reflection->GetUInt64(entry, key));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(entry, key) ? "true" : "false";
    default:
      return {};
  }
}

int FindEntry(const Message& message, const MaskPath::Step& step) {
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < reflection->FieldSize(message, step.field); ++i) {
    if (KeyOf(reflection->GetRepeatedMessage(message, step.field, i)) == step.key) return i;
  }
  return -1;
}

void RemoveEntry(Message& message, const FieldDescriptor* field, int index) {
  const auto* reflection = message.GetReflection();
  int last = reflection->FieldSize(message, field) - 1;
  if (index != last) reflection->SwapElements(&message, field, index, last);
  reflection->RemoveLast(&message, field);
}

// The fields of `path` from `at` on; nullptr messages have nothing set.
void ApplyFrom(const MaskPath& path, size_t at, const Message& from, Message& to) {
  const MaskPath::Step& step = path.steps[at];
  bool last = at + 1 == path.steps.size();
  const auto* reflection = to.GetReflection();
  if (!step.keyed) {
    if (last) return CopyField(from, step.field, to);
    // A message that neither side has is not made only to have nothing in it.
    if (!reflection->HasField(from, step.field) && !reflection->HasField(to, step.field)) return;
    return ApplyFrom(path, at + 1, from.GetReflection()->GetMessage(from, step.field),
                     *reflection->MutableMessage(&to, step.field));
  }
  int source = FindEntry(from, step);
  int target = FindEntry(to, step);
  if (source < 0 && target < 0) return;
  if (source < 0 && last) return RemoveEntry(to, step.field, target);
  if (source < 0) {
    const Message& entry = reflection->GetRepeatedMessage(to, step.field, target);
    const auto* value = step.field->message_type()->map_value();
    std::unique_ptr<Message> nothing(entry.GetReflection()->GetMessage(entry, value).New());
    Message* changed = reflection->MutableRepeatedMessage(&to, step.field, target);
    return ApplyFrom(path, at + 1, *nothing,
                     *changed->GetReflection()->MutableMessage(changed, value));
  }
  const Message& entry = from.GetReflection()->GetRepeatedMessage(from, step.field, source);
  Message* changed = target < 0 ? reflection->AddMessage(&to, step.field)
                                : reflection->MutableRepeatedMessage(&to, step.field, target);
  if (last || target < 0) changed->CopyFrom(entry);
  if (last) return;
  const auto* value = step.field->message_type()->map_value();
  if (target < 0) changed->GetReflection()->ClearField(changed, value);
  ApplyFrom(path, at + 1, entry.GetReflection()->GetMessage(entry, value),
            *changed->GetReflection()->MutableMessage(changed, value));
}

// Resolves the parts from a message on; an error says what is wrong with the path.
std::optional<PathError> ResolveParts(const Descriptor* message,
                                      const std::vector<std::string>& parts, MaskPath& path) {
  for (size_t i = 0; i < parts.size(); ++i) {
    if (message == nullptr) return PathError{false, "goes on behind a plain value"};
    const FieldDescriptor* field = message->FindFieldByName(parts[i]);
    if (field == nullptr) {
      return PathError{false, "names the unknown field \"" + parts[i] + "\"" +
                                  filter::DidYouMean(parts[i], FieldNames(message))};
    }
    path.steps.push_back({field});
    if (OutputOnly(field)) return PathError{true, ""};
    bool more = i + 1 < parts.size();
    message =
        field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE ? field->message_type() : nullptr;
    if (!more || !field->is_repeated()) continue;
    if (!field->is_map()) return PathError{false, "goes into a list; lists are set as a whole"};
    path.steps.back().keyed = true;
    path.steps.back().key = parts[++i];
    const auto* value = field->message_type()->map_value();
    message =
        value->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE ? value->message_type() : nullptr;
  }
  return std::nullopt;
}

}  // namespace

bool UpdateMask::Settable(const FieldDescriptor* field) const {
  return !OutputOnly(field) && field != type_.name_field() && field != type_.etag_field();
}

std::vector<MaskPath> UpdateMask::TopLevel(const Message* set_in) const {
  std::vector<MaskPath> paths;
  for (int i = 0; i < type_.message()->field_count(); ++i) {
    const FieldDescriptor* field = type_.message()->field(i);
    if (!Settable(field)) continue;
    if (set_in != nullptr) {
      const auto* reflection = set_in->GetReflection();
      bool set = field->is_repeated() ? reflection->FieldSize(*set_in, field) > 0
                                      : reflection->HasField(*set_in, field);
      if (!set) continue;
    }
    paths.push_back({{{field}}});
  }
  return paths;
}

std::string UpdateMask::WhoSets(const FieldDescriptor* field) const {
  if (!OptionsOf(field).state() && verbs_.empty()) return "is set by the server alone";
  std::string text = OptionsOf(field).state()
                         ? "changes only by its methods"
                         : "is set by the server, as a result of other methods";
  for (size_t i = 0; i < verbs_.size(); ++i) text += (i == 0 ? ": " : ", ") + verbs_[i];
  return text;
}

Result<std::vector<MaskPath>> UpdateMask::Resolve(const FieldMask& mask,
                                                  const Message& body) const {
  if (mask.paths_size() == 0) return TopLevel(&body);
  if (mask.paths_size() == 1 && mask.paths(0) == "*") return TopLevel(nullptr);
  std::vector<MaskPath> paths;
  std::vector<FieldViolation> violations;
  bool output_only = false;
  for (const std::string& text : mask.paths()) {
    MaskPath path;
    auto parts = Split(text);
    std::optional<PathError> error;
    if (text == "*") {
      error = PathError{false, "must stand alone"};
    } else if (parts.empty()) {
      error = PathError{false, "is no path of fields"};
    } else {
      error = ResolveParts(type_.message(), parts, path);
    }
    if (!error) {
      if (Settable(path.steps.front().field)) paths.push_back(std::move(path));
      continue;
    }
    output_only = output_only || error->output_only;
    if (error->output_only) error->what = WhoSets(path.steps.back().field);
    violations.push_back({"update_mask", "\"" + text + "\" " + error->what});
  }
  if (violations.empty()) return paths;
  Status status(Code::kInvalidArgument, output_only ? "FIELD_OUTPUT_ONLY" : "UPDATE_MASK_INVALID",
                "update_mask: " + violations.front().description + ".");
  for (auto& violation : violations) status.Violates(violation.field, violation.description);
  return status;
}

void ApplyPath(const MaskPath& path, const Message& from, Message& to) {
  ApplyFrom(path, 0, from, to);
}

}  // namespace crm::entity
