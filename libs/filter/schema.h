// What a filter may name: the fields of a message, further messages by name, and functions.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/filter/field_path.h"
#include "libs/filter/value.h"

namespace crm::filter {

// A function of constants: its arguments are literals or other calls, never fields, so it is
// evaluated once per message (in memory) or once per statement (SQL). One that returns bool may
// stand alone as a condition; the others are values.
struct Function {
  std::string name;
  std::vector<Type> arguments;  // kBool, kInt, kDouble, kString, kTime or kDuration
  Type result = Type::kBool;
  std::function<Value(const EvalContext&, std::span<const Value>)> evaluate;
};

// A value; not synchronised while it is being built, any number of threads may read it afterwards.
class Schema {
 public:
  // Why the field at this canonical path may not be used ("is not filterable"); nullopt where it
  // may.
  using Gate = std::function<std::optional<std::string>(std::string_view path)>;

  // `subject` is the message whose fields are named directly, or null where all are named through
  // roots. Has the functions now() and ago(duration).
  explicit Schema(const google::protobuf::Descriptor* subject);

  // Makes the fields of another message known as name.field. A root hides a field of the subject
  // with the same name.
  Schema& AddRoot(std::string name, const google::protobuf::Descriptor* message);
  // Replaces one of the same name.
  Schema& AddFunction(Function function);
  // Without a gate every field may be used. Paths of roots start with the root's name; of maps they
  // end with the key.
  Schema& SetGate(Gate gate);
  // The string fields of the subject in which a bare word is looked for. The paths must exist (the
  // process ends otherwise: they come from options, not from users).
  Schema& SetSearchable(const std::vector<std::string>& paths);

  const google::protobuf::Descriptor* subject() const { return subject_; }
  const std::vector<FieldPath>& searchable() const { return searchable_; }
  const Function* FindFunction(std::string_view name) const;
  std::vector<std::string> FunctionNames() const;

  // The path that the words name. `field` is the request's field that errors speak of ("filter",
  // "order_by"). Errors name the nearest fields that the gate lets through.
  Result<FieldPath> Resolve(std::span<const Word> words, size_t position,
                            std::string_view field = "filter") const;
  // The same for a path written as text: "amount.currency_code".
  Result<FieldPath> Resolve(std::string_view path, std::string_view field = "filter") const;
  // The two halves of Resolve, for a path that is a step on the way to the one that is meant.
  Result<FieldPath> ResolveUngated(std::span<const Word> words, size_t position,
                                   std::string_view field = "filter") const;
  Status Admit(const FieldPath& path, size_t position, std::string_view field = "filter") const;

 private:
  struct Root {
    std::string name;
    const google::protobuf::Descriptor* message;
  };

  std::vector<std::string> Suggestions(const google::protobuf::Descriptor* message,
                                       const std::string& prefix, bool at_root) const;
  bool Allowed(const std::string& path) const { return !gate_ || !gate_(path); }

  const google::protobuf::Descriptor* subject_;
  std::vector<Root> roots_;
  std::vector<Function> functions_;
  Gate gate_;
  std::vector<FieldPath> searchable_;
};

// "; did you mean \"state\" or \"stage\"?", or a list of what there is; empty where `known` is.
std::string DidYouMean(std::string_view unknown, const std::vector<std::string>& known);

}  // namespace crm::filter
