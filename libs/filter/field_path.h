// A path of fields from a message to what a filter or an order names: resolved once, then read
// without look-ups.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <vector>

#include "libs/filter/value.h"

namespace crm::filter {

// A value. Points at descriptors, which live as long as their pool.
struct FieldPath {
  struct Step {
    const google::protobuf::FieldDescriptor* field = nullptr;
    // A map is entered by a key: its text, and its number where keys are integers or bool.
    bool keyed = false;
    std::string key{};
    int64_t key_number = 0;
  };
  static constexpr int kSubject = -1;

  // kSubject: the filtered message itself; otherwise an index into EvalContext::roots.
  int root = kSubject;
  std::vector<Step> steps;
  // As canonical text: a.b, custom_fields.city, m."a key".
  std::string text;
  // Of the value, or of one element where `multiple`.
  Type type = Type::kMessage;
  const google::protobuf::EnumDescriptor* enumeration = nullptr;
  // Passes through, or ends at, a repeated field: there may be any number of values.
  bool multiple = false;
  // The leaf itself can be unset: a message, an optional or oneof scalar, a map's entry.
  bool has_presence = false;
  // It can be unset: it has presence itself, or a message on the way to it can be missing.
  bool can_be_unset = false;
};

// Of a singular field, or of one element of a repeated one.
Type TypeOf(const google::protobuf::FieldDescriptor* field);

// Where a path ends in one message: a singular field, or the element `index` of a repeated one.
struct Leaf {
  const google::protobuf::Message* message = nullptr;
  const google::protobuf::FieldDescriptor* field = nullptr;
  int index = -1;
};

// Whether a leaf that was reached holds something: set where it has presence, otherwise other than
// its type's default. Elements of repeated fields and entries of maps are always present.
bool IsPresent(const FieldPath& path, const Leaf& leaf);
// <0, 0, >0 by the order of the path's type. `value` must be of that type and the leaf set.
int CompareLeaf(Type type, const Leaf& leaf, const Value& value);
// Of a string leaf; `scratch` is used where the message does not hold it in one piece.
const std::string& LeafString(const Leaf& leaf, std::string& scratch);
// Copies the value out; nullopt for kBytes, kMessage and kMap.
std::optional<Value> LeafValue(Type type, const Leaf& leaf);

// The entry of a map with the step's key, or null. Its value is field 2.
const google::protobuf::Message* FindEntry(const google::protobuf::Message& message,
                                           const FieldPath::Step& step);

// Calls `visit(leaf)` for each leaf that the path reaches, skipping unset messages and, where it
// has presence, an unset leaf, until one call returns true. Returns whether one did. A whole map
// (Type::kMap) is visited once for each entry.
template <class Visit>
bool AnyLeaf(const FieldPath& path, const google::protobuf::Message& message, Visit&& visit,
             size_t at = 0) {
  const FieldPath::Step& step = path.steps[at];
  bool last = at + 1 == path.steps.size();
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (step.keyed) {
    const google::protobuf::Message* entry = FindEntry(message, step);
    if (entry == nullptr) return false;
    const auto* value = step.field->message_type()->map_value();
    if (last) return visit(Leaf{entry, value, -1});
    return AnyLeaf(path, entry->GetReflection()->GetMessage(*entry, value), visit, at + 1);
  }
  if (step.field->is_repeated()) {
    for (int i = 0, size = reflection.FieldSize(message, step.field); i < size; ++i) {
      bool found = last ? visit(Leaf{&message, step.field, i})
                        : AnyLeaf(path, reflection.GetRepeatedMessage(message, step.field, i),
                                  visit, at + 1);
      if (found) return true;
    }
    return false;
  }
  if (step.field->has_presence() && !reflection.HasField(message, step.field)) return false;
  if (last) return visit(Leaf{&message, step.field, -1});
  return AnyLeaf(path, reflection.GetMessage(message, step.field), visit, at + 1);
}

// The one value of a path that is not `multiple`; nullopt where it is unset.
std::optional<Value> ReadValue(const FieldPath& path, const google::protobuf::Message& message);

}  // namespace crm::filter
