// Builds the event of one change: the snapshot after, the changed field mask, the old values of the
// changed fields, and the fact.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "libs/command/record_type.h"

namespace crm {

// Top-level fields in which two messages of one type differ; standard fields that change with every
// store (update_time, etag) are left out, create_time too.
std::vector<const google::protobuf::FieldDescriptor*> ChangedFields(
    const RecordType& type, const google::protobuf::Message* before,
    const google::protobuf::Message& after);

// `before` is nullptr for a creation. `fact` may be nullptr: then the fact is the empty message of
// that field.
std::unique_ptr<google::protobuf::Message> BuildEvent(
    const RecordType& type, const google::protobuf::Message* before,
    const google::protobuf::Message& after, const google::protobuf::FieldDescriptor* fact_field,
    const google::protobuf::Message* fact);

// Etags are derived from the version and never stored: "v7".
std::string EtagOf(int64_t version);
void SetEtag(const RecordType& type, int64_t version, google::protobuf::Message& message);
void ClearEtag(const RecordType& type, google::protobuf::Message& message);
// The version that an etag names; 0 where it is not one of ours.
int64_t EtagVersion(const std::string& etag);

// Copies one top-level field, set or unset, of one message to another of the same type.
void CopyField(const google::protobuf::Message& from,
               const google::protobuf::FieldDescriptor* field, google::protobuf::Message& to);

}  // namespace crm
