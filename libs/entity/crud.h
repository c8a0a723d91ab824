// Crud: the standard operations over the records of one type, by reflection. StandardMethods binds
// them to the requests of a proto service; a method written by hand may call them too.
//
// All functions decide with the call they are given and store into it; nothing is committed here.
// Refusals:
//   NOT_FOUND           RESOURCE_NOT_FOUND   there is none, or the caller's scope does not cover it
//   INVALID_ARGUMENT    INVALID_FIELD        with all violations, see validate.h
//                       UPDATE_MASK_INVALID, FIELD_OUTPUT_ONLY   see update_mask.h
//                       FIELD_IMMUTABLE      a field that is fixed at creation would change
//                       FILTER_INVALID, ORDER_BY_INVALID, PAGE_TOKEN_INVALID
//   ABORTED             ETAG_MISMATCH        the record is not the one the client has read
//   ALREADY_EXISTS      RESOURCE_EXISTS      the id of a creation is taken
//                       NOT_DELETED          an undelete of what is not deleted
//                       VALUE_TAKEN          another record has the unique value
#pragma once

#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/command/call.h"
#include "libs/command/record_type.h"
#include "libs/entity/hooks.h"
#include "libs/entity/page_tokens.h"
#include "libs/entity/update_mask.h"

namespace crm::entity {

using MessagePtr = std::unique_ptr<google::protobuf::Message>;
// The bytes of a record with its etag: what reads answer, because nothing of theirs looks into it.
using EncodedRecord = std::string;

// What the resources of one service share.
struct Settings {
  // Not null; outlives the methods.
  const PageTokens* page_tokens = nullptr;
  // Country of phone numbers that are typed without one (ISO 3166-1 alpha-2).
  std::string phone_region = "IL";
};

inline constexpr int kDefaultPageSize = 50;
inline constexpr int kMaxPageSize = 1000;
// Of a batch method.
inline constexpr int kMaxBatch = 1000;

struct ListRequest {
  // 0: kDefaultPageSize; above kMaxPageSize: kMaxPageSize.
  int page_size = 0;
  std::string page_token;
  std::string filter;
  // Of sortable fields. Empty: in the order of creation, which is that of the ids. Ties are in that
  // order, or against it where the last field is descending.
  std::string order_by;
  bool show_deleted = false;
};

struct ListPage {
  std::vector<EncodedRecord> records;
  // Empty at the end.
  std::string next_page_token;
};

// Thread-safe; the record type must outlive it.
class Crud {
 public:
  // `verbs`: see UpdateMask.
  Crud(const RecordType& type, Settings settings, Hooks hooks, std::vector<std::string> verbs = {});

  const RecordType& type() const { return type_; }

  struct Wanted {
    Call* call;
    std::string name;
  };
  // Soft-deleted records are returned (AIP-164). In a call about the past: the record as it was
  // then, where it existed and the caller's scope covers it both then and today. One result each,
  // in their order; one question to the store for all calls about the present.
  std::vector<Result<EncodedRecord>> Get(std::span<const Wanted> wanted,
                                         std::stop_token stop) const;
  // A hint of committed state like Call::List, restricted to what the caller may see. In a call
  // about the past: the records that matched then; now() in the filter is that moment.
  Result<ListPage> List(Call& call, const ListRequest& request) const;

  // What the client sent as `body` becomes a record, with a new id or the given one. Fields that
  // only the server sets are ignored. The call's permission suffices whatever its scope: a record
  // is nobody's before it exists. `path` is where the body stands in the request, for violations
  // ("lead", "requests[2].lead"). `occurred` is the business time of the creation; unset: now.
  Result<MessagePtr> Create(Call& call, const google::protobuf::Message& body,
                            std::optional<Uuid> id, std::string_view path,
                            std::optional<Time> occurred = std::nullopt) const;
  // Whether Update would take this mask.
  Status CheckMask(const google::protobuf::FieldMask& mask,
                   const google::protobuf::Message& body) const;
  // Sets the fields of `mask` (see update_mask.h) to what `body` has. An etag in the body must be
  // the record's. Where nothing would change the record is returned and nothing is stored.
  Result<MessagePtr> Update(Call& call, const google::protobuf::Message& body,
                            const google::protobuf::FieldMask& mask, std::string_view path) const;
  // Soft-deletes; an empty etag is not compared.
  Result<MessagePtr> Delete(Call& call, std::string_view name, std::string_view etag) const;
  Result<MessagePtr> Undelete(Call& call, std::string_view name, std::string_view etag) const;

 private:
  // A copy of the record as it is, for changing it.
  Result<MessagePtr> Loaded(Call& call, std::string_view name, std::string_view etag,
                            bool with_deleted) const;
  Status Check(Call& call, const google::protobuf::Message* before,
               google::protobuf::Message& after, std::string_view path) const;
  Result<MessagePtr> Stored(Call& call, const google::protobuf::Message& record,
                            std::string_view fact,
                            std::optional<Time> occurred = std::nullopt) const;
  Result<std::vector<OrderTerm>> OrderOf(const std::string& order_by, std::string& canonical) const;

  const RecordType& type_;
  const Settings settings_;
  const Hooks hooks_;
  const UpdateMask mask_;
};

}  // namespace crm::entity
