// Update masks (AIP-134, AIP-161): which fields of a record an update sets.
//
//   mask  : "*" | path {"," path}
//   path  : field {"." (field | key)}      a key of a map; in `backquotes` where it is no word
//
// The field at a path's end is replaced as a whole, whether message, list or map; it is cleared
// where the request has none. A list can only stand at the end.
#pragma once

#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/command/record_type.h"

namespace crm::entity {

struct MaskPath {
  struct Step {
    const google::protobuf::FieldDescriptor* field = nullptr;
    // Of a map: one entry.
    bool keyed = false;
    std::string key{};
  };
  std::vector<Step> steps;
};

// Knows one record type's masks. Immutable, so thread-safe.
class UpdateMask {
 public:
  // `verbs` are the methods by which the record changes otherwise; refusals name them.
  UpdateMask(const RecordType& type, std::vector<std::string> verbs)
      : type_(type), verbs_(std::move(verbs)) {}

  // The paths that `mask` says for `body`:
  //   empty  what the body has set, without fields that only the server sets
  //   "*"    all fields that a client can set
  // `name` and `etag` never change and are left out. INVALID_ARGUMENT with one violation of
  // update_mask for each path that is unknown (reason UPDATE_MASK_INVALID) or that only the server
  // sets (reason FIELD_OUTPUT_ONLY).
  Result<std::vector<MaskPath>> Resolve(const google::protobuf::FieldMask& mask,
                                        const google::protobuf::Message& body) const;

 private:
  std::vector<MaskPath> TopLevel(const google::protobuf::Message* set_in) const;
  bool Settable(const google::protobuf::FieldDescriptor* field) const;
  std::string WhoSets(const google::protobuf::FieldDescriptor* field) const;

  const RecordType& type_;
  const std::vector<std::string> verbs_;
};

// Makes `to` equal to `from` at the path. Both are of the mask's type.
void ApplyPath(const MaskPath& path, const google::protobuf::Message& from,
               google::protobuf::Message& to);

}  // namespace crm::entity
