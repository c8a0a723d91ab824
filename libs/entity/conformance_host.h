// One entity of a service, running on one store, for the checks of the conformance suite. For tests
// only.
#pragma once

#include <initializer_list>
#include <map>

#include "libs/entity/conformance.h"
#include "libs/entity/crud.h"
#include "libs/testing/call_harness.h"

namespace crm::entity {

// Sets a field of a request by its name; false where the message has none.
bool SetField(google::protobuf::Message& message, const std::string& name, const std::string& text);
bool SetField(google::protobuf::Message& message, const std::string& name, bool value);
bool SetField(google::protobuf::Message& message, const std::string& name, int number);
bool SetField(google::protobuf::Message& message, const std::string& name, Time time);

// What to list; see ListRequest.
struct ListAsk {
  std::string filter = "";
  std::string order_by = "";
  int page_size = 0;
  bool show_deleted = false;
  std::optional<Time> as_of = std::nullopt;
  std::string page_token = "";
};

// One thread. Functions that cannot fail in a sound service throw std::runtime_error where they do.
class ConformanceHost {
 public:
  // `schema`: nullptr for a MemoryStore.
  ConformanceHost(const ConformanceService& service, const ConformanceEntity& entity,
                  test::PgSchema* schema, uint64_t seed);

  const ConformanceEntity& entity() const { return entity_; }
  const RecordType& type() const { return type_; }
  test::CallHarness& calls() { return calls_; }
  // nullptr on memory.
  test::PgSchema* schema() { return schema_; }

  // "Get", "List", "BatchGet", "Create", "Update", "Delete", "Undelete"; nullptr where the service
  // has none.
  const google::protobuf::MethodDescriptor* Method(std::string_view verb) const;
  // Whether the method is there and its request has the field.
  bool Takes(std::string_view verb, const std::string& field) const;
  // Methods that have a handler.
  const std::set<const google::protobuf::MethodDescriptor*>& bound() const { return bound_; }
  MessagePtr Request(std::string_view verb) const;
  // The record in a request of Create or Update.
  google::protobuf::Message& RecordIn(google::protobuf::Message& request) const;
  std::string record_field() const;

  Result<MessagePtr> Send(std::string_view verb, const google::protobuf::Message& request);
  Result<MessagePtr> Send(std::string_view verb, const google::protobuf::Message& request,
                          const Principal& as);

  // What a client could send to create a record.
  MessagePtr Example(int salt);
  Result<MessagePtr> Create(const google::protobuf::Message& body);
  // By Create or, where only the service makes such records, straight into the store; where there
  // is only one, it becomes the example.
  MessagePtr Created(int salt);
  // Whether a request names the record; where a tenant has only one, some do not.
  bool IsNamed() const { return Takes("Get", "name"); }
  // `timeline`: "as_of" or "effective_as_of".
  Result<MessagePtr> Get(const std::string& name, std::optional<Time> time = std::nullopt,
                         const std::string& timeline = "as_of");
  MessagePtr Read(const std::string& name);
  Result<MessagePtr> Update(const google::protobuf::Message& body,
                            const std::vector<std::string>& mask);
  Result<MessagePtr> Delete(const std::string& name, const std::string& etag = "");
  Result<MessagePtr> Undelete(const std::string& name);
  // One page; the token of the next one in `next`.
  Result<std::vector<MessagePtr>> Page(const ListAsk& ask, const Principal& as,
                                       std::string* next = nullptr);
  // All pages.
  std::vector<MessagePtr> List(const ListAsk& ask);
  std::vector<MessagePtr> List(const ListAsk& ask, const Principal& as);

  // Sets fields that clients may not set, as the service itself would.
  void SetByServer(const std::string& name,
                   const std::function<void(google::protobuf::Message&)>& change);
  // May do all standard methods to this entity, in a scope.
  Principal User(Scope scope);

  // Fields that a client can set, but not those that the entity says are frozen.
  std::vector<const google::protobuf::FieldDescriptor*> FreeFields() const;
  std::string NameOf(const google::protobuf::Message& record) const { return type_.NameOf(record); }
  // Log rows of a record, in the order of its versions.
  std::vector<kernel::v1::LogRow> LogOf(const std::string& name);
  // The last moment of the log.
  Time Now();
  // A record of a collection of this service; empty where it has none that could be made.
  std::string ReferenceTo(const std::string& collection);

 private:
  const ConformanceService& service_;
  const ConformanceEntity& entity_;
  test::PgSchema* const schema_;
  test::CallHarness calls_;
  MessagePtr StoredByServer(int salt);

  const RecordType& type_;
  std::map<std::string, std::string> references_;  // collection -> name
  std::set<const google::protobuf::MethodDescriptor*> bound_;
};

enum class FillFor { kClient, kServer };

// Fills what a client, or the server, can set of a message from the options of its fields; what is
// optional is sometimes left unset. `reference` gives the record that a must_exist field names, or
// an empty string.
void FillExample(google::protobuf::Message& message, int salt, FillFor side,
                 const std::function<std::string(const std::string& collection)>& reference);

}  // namespace crm::entity
