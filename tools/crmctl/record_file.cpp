#include "tools/crmctl/record_file.h"

#include <yaml-cpp/yaml.h>

#include "tools/crmctl/field_value.h"
#include "tools/crmctl/server_types.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

using google::protobuf::Message;

class RecordFile {
 public:
  RecordFile(Remote& remote, References& references, const RecordFileOptions& options)
      : remote_(remote), references_(references), options_(options) {}

  Result<ImportCounts> Put(const YAML::Node& groups) {
    for (const auto& group : groups) {
      Status put = group["call"] ? Call(group) : PutGroup(group);
      if (!put.ok()) return put;
    }
    return counts_;
  }

 private:
  Status PutGroup(const YAML::Node& group) {
    auto name = group["collection"].as<std::string>();
    auto key = group["key"].as<std::string>();
    auto collection = references_.Open(name, key);
    if (!collection) return collection.status();
    std::vector<std::string> keys;
    for (const auto& record : group["records"]) keys.push_back(record[key].as<std::string>());
    auto existing = (*collection)->Find(keys);
    if (!existing) return existing.status();
    for (const auto& node : group["records"]) {
      auto wanted = Read(**collection, node);
      if (!wanted) return wanted.status();
      auto found = existing->find(wanted->key);
      const auto* record = found == existing->end() ? nullptr : found->second.get();
      const std::string id = remote_.run() + "/" + options_.name + "/" + name + "/" + wanted->key;
      auto put = (*collection)->Put(*wanted, record, {id, options_.dry_run});
      if (!put) return About(name + " " + wanted->key, put.status());
      if (put->refused) return About(name + " " + wanted->key, put->refused->why);
      Count(put->outcome);
      references_.Learn({name, key, wanted->key}, put->name);
      if (node["$as"]) names_[node["$as"].as<std::string>()] = put->name;
    }
    return Status::Ok();
  }

  Status Call(const YAML::Node& node) {
    auto path = node["call"].as<std::string>();
    auto service = path.substr(0, path.find('/'));
    auto services = remote_.session().types().Services();
    if (!services) return services.status();
    auto group = FindGroup(*services, service);
    if (!group) return group.status();
    auto name = FindVerb(*group, path.substr(path.find('/') + 1));
    if (!name) return name.status();
    auto request = remote_.session().types().NewMessage(*name->method->input_type());
    auto response = remote_.session().types().NewMessage(*name->method->output_type());
    if (Status filled = Fill(*request, node["request"]); !filled.ok()) return filled;
    if (options_.dry_run) return Status::Ok();
    if (Status opened = remote_.Open(service); !opened.ok()) return opened;
    Status called = remote_.Call(*name->method, *request, *response);
    return called.ok() ? called : About(path, called);
  }

  Result<Wanted> Read(const Collection& collection, const YAML::Node& node) {
    Wanted wanted;
    wanted.key = node[collection.key()].as<std::string>();
    wanted.record = collection.NewRecord();
    if (Status filled = Fill(*wanted.record, node); !filled.ok()) {
      return About(wanted.key, filled);
    }
    for (const auto& verb : node["$then"]) {
      VerbCall call{verb["verb"].as<std::string>(), Assignments(verb["set"]),
                    Assignments(verb["unless"])};
      if (Status has = collection.CheckVerb(call.verb); !has.ok()) return has;
      wanted.verbs.push_back(std::move(call));
    }
    return wanted;
  }

  std::vector<Assignment> Assignments(const YAML::Node& node) const {
    std::vector<Assignment> assignments;
    for (const auto& entry : node) {
      assignments.push_back({entry.first.as<std::string>(), Text(entry.second)});
    }
    return assignments;
  }

  // A scalar as it stands, or the name of the record that a !ref means. Empty in a dry run, where
  // that record was not created.
  std::string Text(const YAML::Node& node) const {
    auto text = node.as<std::string>();
    if (node.Tag() != "!ref") return text;
    auto found = names_.find(text);
    if (found == names_.end()) {
      throw YAML::RepresentationException(node.Mark(),
                                          "no record before this is named '" + text + "'");
    }
    return found->second;
  }

  Status Fill(Message& message, const YAML::Node& node) {
    for (const auto& entry : node) {
      auto field = entry.first.as<std::string>();
      if (field.starts_with("$")) continue;
      if (Status filled = FillField(message, field, entry.second); !filled.ok()) return filled;
    }
    return Status::Ok();
  }

  Status FillField(Message& message, const std::string& name, const YAML::Node& node) {
    if (node.IsScalar()) {
      std::string text = Text(node);
      return text.empty() ? Status::Ok() : SetValue(message, name, text);
    }
    const auto* field = message.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) return SetValue(message, name, "");
    const auto* reflection = message.GetReflection();
    if (field->is_map()) {
      for (const auto& entry : node) {
        Status set =
            SetValue(message, name + "." + entry.first.as<std::string>(), Text(entry.second));
        if (!set.ok()) return set;
      }
      return Status::Ok();
    }
    if (!node.IsSequence()) return Fill(*reflection->MutableMessage(&message, field), node);
    for (const auto& element : node) {
      Status set = element.IsScalar() ? FillField(message, name, element)
                                      : Fill(*reflection->AddMessage(&message, field), element);
      if (!set.ok()) return set;
    }
    return Status::Ok();
  }

  void Count(Outcome outcome) {
    if (outcome == Outcome::kCreated) ++counts_.created;
    if (outcome == Outcome::kUpdated) ++counts_.updated;
    if (outcome == Outcome::kUnchanged) ++counts_.unchanged;
  }

  Status About(const std::string& what, const Status& status) const {
    Status told(status.code(), status.reason(),
                options_.name + ", " + what + ": " + status.message());
    for (const auto& violation : status.field_violations()) {
      told.Violates(violation.field, violation.description);
    }
    return told;
  }

  Remote& remote_;
  References& references_;
  const RecordFileOptions& options_;
  std::map<std::string, std::string> names_;
  ImportCounts counts_;
};

}  // namespace

Result<ImportCounts> PutRecords(Remote& remote, References& references, const std::string& yaml,
                                const RecordFileOptions& options) {
  try {
    return RecordFile(remote, references, options).Put(YAML::Load(yaml));
  } catch (const YAML::Exception& error) {
    return Usage(options.name + ": " + error.what());
  }
}

}  // namespace crm::ctl
