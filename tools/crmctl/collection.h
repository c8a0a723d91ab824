// Collection: the records of one kind, found and brought up to date by a key of the source they
// come from. It knows the methods by their names and fields, as libs/entity declares them.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "tools/crmctl/method_names.h"
#include "tools/crmctl/remote.h"

namespace crm::ctl {

// A field by its path and what to set it to.
struct Assignment {
  std::string path;
  std::string text;
};

// A verb that brings a record on: MoveDeal to a stage.
struct VerbCall {
  std::string verb;
  // Fields of its request besides `name`.
  std::vector<Assignment> set;
  // The record is there already where all these fields have these values: nothing is called.
  std::vector<Assignment> unless;
};

// How a record is to be.
struct Wanted {
  std::string key;
  // Fields that are not set here are left as they are.
  std::unique_ptr<google::protobuf::Message> record;
  // Fields of the Create request besides the record.
  std::vector<Assignment> create;
  // In order, behind create or update.
  std::vector<VerbCall> verbs;
};

enum class Outcome { kUnchanged, kCreated, kUpdated };

// A verb that was refused when something of the record had been stored already.
struct RefusedStep {
  std::string verb;
  Status why;
};

struct PutResult {
  Outcome outcome = Outcome::kUnchanged;
  // Name of the record; empty where a dry run would have created it.
  std::string name;
  // The steps before it stand, those behind it were not tried.
  std::optional<RefusedStep> refused;
};

// How a Put is done.
struct PutOptions {
  // The same for the same row of the same run, so that a second try does nothing twice.
  std::string request_id;
  // Only the first call is made, to be checked and not stored; the rest is counted as if done.
  bool dry_run = false;
};

// Thread-safe behind Open.
class Collection {
 public:
  using Records = std::map<std::string, std::unique_ptr<google::protobuf::Message>>;

  // `collection` is "companies"; `key` a field that filters can name ("external_id"). A usage error
  // where the server has no such collection, or lacks List or Create for it.
  static Result<std::unique_ptr<Collection>> Open(Remote& remote, const std::string& collection,
                                                  const std::string& key);

  const std::string& key() const { return key_; }
  std::unique_ptr<google::protobuf::Message> NewRecord() const;
  // Whether there is such a verb.
  Status CheckVerb(const std::string& verb) const;

  // The records that have these keys; others are left out. Many keys go in one call.
  Result<Records> Find(std::span<const std::string> keys) const;
  // Creates or updates so that the record is as wanted. `existing` is what Find found, or null. A
  // failure: nothing was stored, or (where it is no refusal) how far it came is not known.
  Result<PutResult> Put(const Wanted& wanted, const google::protobuf::Message* existing,
                        const PutOptions& options) const;

  // Whether several records can be created by one call.
  bool creates_many() const { return FindMethod("batch-create") != nullptr; }
  // Creates all of them by one call, or none; no verbs are called. The results are in their order.
  Result<std::vector<PutResult>> CreateMany(std::span<const Wanted* const> wanted,
                                            const PutOptions& options) const;

 private:
  struct Method {
    const google::protobuf::MethodDescriptor* method = nullptr;
    const google::protobuf::Message* request = nullptr;
    const google::protobuf::Message* response = nullptr;
  };

  Collection(Remote& remote, std::string key) : remote_(remote), key_(std::move(key)) {}
  const Method* FindMethod(const std::string& verb) const;
  Status FindChunk(std::span<const std::string> keys, Records& found) const;
  Status Call(const Method& method, google::protobuf::Message& request, const std::string& step,
              const PutOptions& options, google::protobuf::Message& record) const;
  Status Create(const Wanted& wanted, const PutOptions& options,
                google::protobuf::Message& record) const;
  Status FillCreate(const Wanted& wanted, google::protobuf::Message& request) const;
  Status Update(const Wanted& wanted, const std::vector<std::string>& fields,
                const PutOptions& options, google::protobuf::Message& record) const;
  Status CallVerb(const VerbCall& call, const std::string& step, const PutOptions& options,
                  google::protobuf::Message& record) const;

  Remote& remote_;
  const std::string key_;
  std::map<std::string, Method> methods_;
};

// The text of the field at `path`; empty where it is not set.
std::string TextAt(const google::protobuf::Message& record, const std::string& path);

}  // namespace crm::ctl
