// Short ways to what a proto says about its fields. Private to libs/entity.
#pragma once

#include <google/protobuf/descriptor.h>

#include "crm/options/v1/options.pb.h"
#include "google/api/field_behavior.pb.h"

namespace crm::entity {

inline const options::v1::FieldOptions& OptionsOf(const google::protobuf::FieldDescriptor* field) {
  return field->options().GetExtension(options::v1::field);
}

inline bool Behaves(const google::protobuf::FieldDescriptor* field,
                    google::api::FieldBehavior behavior) {
  const auto& options = field->options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == behavior) return true;
  }
  return false;
}

// The server's alone: clients cannot set it.
inline bool OutputOnly(const google::protobuf::FieldDescriptor* field) {
  return Behaves(field, google::api::OUTPUT_ONLY) || OptionsOf(field).state();
}

}  // namespace crm::entity
