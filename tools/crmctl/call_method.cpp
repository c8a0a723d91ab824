#include <CLI/CLI.hpp>
#include <map>
#include <ostream>

#include "google/api/field_behavior.pb.h"
#include "tools/crmctl/commands.h"
#include "tools/crmctl/method_names.h"
#include "tools/crmctl/printer.h"
#include "tools/crmctl/request_fields.h"
#include "tools/crmctl/server_types.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// What the words behind a verb say.
struct Arguments {
  std::map<std::string, std::vector<std::string>> by_path;
  std::vector<std::string> positional;
  std::vector<std::string> sets;
  std::string json;
  std::vector<std::string> columns;
  bool dry_run = false;
  bool all = false;
};

std::string TypeText(const FieldDescriptor& field) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    std::string names;
    for (int i = 0; i < field.enum_type()->value_count(); ++i) {
      const std::string& name = field.enum_type()->value(i)->name();
      if (!name.ends_with("_UNSPECIFIED")) names += (names.empty() ? "" : "|") + name;
    }
    return names;
  }
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return field.type() == FieldDescriptor::TYPE_STRING ? "TEXT" : field.cpp_type_name();
  }
  const std::string& type = field.message_type()->name();
  if (type == "Timestamp") return "TIME, like 2026-01-31T08:00:00Z";
  if (type == "Money") return "MONEY, like '12.50 ILS'";
  return type;
}

void AddFlags(CLI::App& app, const google::protobuf::Descriptor& request, Arguments& arguments) {
  auto positional = PositionalOf(request);
  for (const auto& flag : FlagsOf(request)) {
    std::string name = "--" + flag.flag;
    if (flag.path == positional || app.get_option_no_throw(name) != nullptr) continue;
    auto& values = arguments.by_path[flag.path];
    bool is_bool = flag.field->type() == FieldDescriptor::TYPE_BOOL;
    std::string description = TypeText(*flag.field) + (flag.required ? "; required" : "");
    auto* option = is_bool ? app.add_flag(name + "{true}", values)
                           : app.add_option(name, values, description)->allow_extra_args(false);
    option->group("Fields of " + request.name())->type_name("");
    if (!flag.field->is_repeated()) option->take_last();
  }
}

void AddArguments(CLI::App& app, const google::protobuf::MethodDescriptor& method,
                  Arguments& arguments) {
  const auto& request = *method.input_type();
  if (auto path = PositionalOf(request)) {
    auto* option = app.add_option(*path, arguments.positional, "Value of " + *path)->type_name("");
    const auto* field = request.FindFieldByName(*path);
    if (field == nullptr || !field->is_repeated()) option->expected(1);
  }
  app.add_option("--set", arguments.sets, "FIELD=VALUE, any field by its path; repeatable")
      ->type_name("")
      ->allow_extra_args(false);
  app.add_option("--json", arguments.json, "The request (or parts of it) as a JSON object")
      ->type_name("");
  app.add_option("--columns", arguments.columns, "Columns of a table, by path, with commas")
      ->delimiter(',')
      ->type_name("")
      ->allow_extra_args(false);
  if (request.FindFieldByName("validate_only") != nullptr) {
    app.add_flag("--dry-run", arguments.dry_run, "Check and show the result, but store nothing");
  }
  if (request.FindFieldByName("page_token") != nullptr) {
    app.add_flag("--all", arguments.all, "All pages");
  }
  AddFlags(app, request, arguments);
}

Status FillFromWords(const Arguments& arguments, Message& request) {
  if (!arguments.json.empty()) {
    if (Status merged = MergeJson(request, arguments.json); !merged.ok()) return merged;
  }
  if (auto path = PositionalOf(*request.GetDescriptor())) {
    for (const auto& value : arguments.positional) {
      if (Status set = SetField(request, *path, value); !set.ok()) return set;
    }
  }
  for (const auto& [path, values] : arguments.by_path) {
    for (const auto& value : values) {
      if (Status set = SetField(request, path, value); !set.ok()) return set;
    }
  }
  for (const auto& assignment : arguments.sets) {
    auto equals = assignment.find('=');
    if (equals == std::string::npos)
      return Usage("--set takes FIELD=VALUE, not '" + assignment + "'.");
    Status set = SetField(request, assignment.substr(0, equals), assignment.substr(equals + 1));
    if (!set.ok()) return set;
  }
  return Status::Ok();
}

// An update without a mask changes exactly the fields that were given.
void FillMask(Message& request) {
  const auto* mask = request.GetDescriptor()->FindFieldByName("update_mask");
  const auto* body = BodyOf(*request.GetDescriptor());
  const auto* reflection = request.GetReflection();
  if (mask == nullptr || body == nullptr || reflection->HasField(request, mask)) return;
  std::vector<const FieldDescriptor*> given;
  const auto& record = reflection->GetMessage(request, body);
  record.GetReflection()->ListFields(record, &given);
  std::string paths;
  for (const auto* field : given) {
    if (field->name() == "name" || field->name() == "etag") continue;
    paths += (paths.empty() ? "" : ",") + field->json_name();
  }
  // Names of the message's own fields are always a mask.
  if (!paths.empty()) (void)SetField(request, "update_mask", paths);
}

std::string TokenIn(const Message& answer) {
  const auto* field = answer.GetDescriptor()->FindFieldByName("next_page_token");
  return field == nullptr ? "" : answer.GetReflection()->GetString(answer, field);
}

Status CallPages(Session& session, const google::protobuf::MethodDescriptor& method,
                 const Arguments& arguments, Message& request) {
  Printer printer(session, arguments.columns);
  const std::string path = method.service()->full_name() + "/" + method.name();
  while (true) {
    auto answer = session.types().NewMessage(*method.output_type());
    if (Status called = session.Call(path, request, *answer); !called.ok()) return called;
    printer.Print(*answer);
    std::string token = TokenIn(*answer);
    if (token.empty()) return Status::Ok();
    if (!arguments.all) {
      session.err() << "There is more: add --all, or --page-token '" << token << "'\n";
      return Status::Ok();
    }
    const auto* field = request.GetDescriptor()->FindFieldByName("page_token");
    request.GetReflection()->SetString(&request, field, token);
  }
}

Status CallStream(Session& session, const google::protobuf::MethodDescriptor& method,
                  const Arguments& arguments, const Message& request) {
  Printer printer(session, arguments.columns);
  auto item = session.types().NewMessage(*method.output_type());
  return session.Stream(method.service()->full_name() + "/" + method.name(), request,
                        [&](const std::string& bytes) {
                          if (!item->ParseFromString(bytes)) return false;
                          printer.PrintItem(*item);
                          return true;
                        });
}

Status Call(Session& session, const MethodName& name, const std::vector<std::string>& words) {
  const auto& method = *name.method;
  CLI::App app("Calls " + method.full_name() + ".", "crmctl " + name.group + " " + name.verb);
  Arguments arguments;
  AddArguments(app, method, arguments);
  if (auto done = Parse(app, words, session.out())) return *done;
  auto request = session.types().NewMessage(*method.input_type());
  if (Status filled = FillFromWords(arguments, *request); !filled.ok()) return filled;
  FillMask(*request);
  if (arguments.dry_run) {
    if (Status set = SetField(*request, "validate_only", "true"); !set.ok()) return set;
  }
  Status called = method.server_streaming() ? CallStream(session, method, arguments, *request)
                                            : CallPages(session, method, arguments, *request);
  if (called.ok() && arguments.dry_run) session.err() << "Dry run: nothing was stored.\n";
  return called;
}

void PrintVerbs(const std::vector<MethodName>& group, std::ostream& out) {
  out << "Usage: crmctl " << group.front().group << " VERB [NAME] [FLAGS]\n\nVerbs:\n";
  for (const auto& name : group) out << "  " << name.verb << "\n";
}

}  // namespace

Status CallMethod(Session& session, const std::vector<std::string>& words) {
  auto services = session.types().Services();
  if (!services) return services.status();
  auto group = FindGroup(*services, words[0]);
  if (!group) return group.status();
  if (words.size() < 2 || words[1] == "--help" || words[1] == "-h") {
    PrintVerbs(*group, session.out());
    return words.size() < 2 ? Usage("Which verb?") : Status::Ok();
  }
  auto name = FindVerb(*group, words[1]);
  if (!name) return name.status();
  return Call(session, *name, {words.begin() + 2, words.end()});
}

}  // namespace crm::ctl
