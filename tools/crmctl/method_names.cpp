#include "tools/crmctl/method_names.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <tuple>

#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

std::string Plural(const std::string& noun) {
  auto ends = [&noun](const char* end) { return noun.ends_with(end); };
  if (ends("ics")) return noun;  // analytics
  if (ends("s") || ends("x") || ends("ch") || ends("sh")) return noun + "es";
  if (ends("y") && noun.size() > 1 &&
      std::string("aeiou").find(noun[noun.size() - 2]) == std::string::npos) {
    return noun.substr(0, noun.size() - 1) + "ies";
  }
  return noun + "s";
}

std::string Noun(const google::protobuf::ServiceDescriptor& service) {
  std::string name = service.name();
  constexpr std::string_view kSuffix = "Service";
  if (name.size() > kSuffix.size() && name.ends_with(kSuffix)) {
    name.resize(name.size() - kSuffix.size());
  }
  return name;
}

std::string Verb(const std::string& method, const std::string& noun) {
  for (const auto& suffix : {Plural(noun), noun}) {
    if (method.size() > suffix.size() && method.ends_with(suffix)) {
      return Kebab(method.substr(0, method.size() - suffix.size()));
    }
  }
  return Kebab(method);
}

std::string Join(const std::set<std::string>& words) {
  std::string joined;
  for (const auto& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

std::vector<MethodName> NamesOfOne(const google::protobuf::ServiceDescriptor& service) {
  std::vector<MethodName> names;
  std::string noun = Noun(service);
  for (int i = 0; i < service.method_count(); ++i) {
    const auto* method = service.method(i);
    if (method->client_streaming()) continue;
    names.push_back({Kebab(Plural(noun)), Verb(method->name(), noun), method});
  }
  return names;
}

}  // namespace

std::string Kebab(const std::string& name) {
  std::string kebab;
  for (char c : name) {
    bool upper = std::isupper(static_cast<unsigned char>(c)) != 0;
    if (upper && !kebab.empty() && kebab.back() != '-') kebab += '-';
    kebab += c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return kebab;
}

std::vector<MethodName> NamesOf(const Services& services) {
  std::vector<MethodName> names;
  for (const auto* service : services)
    std::ranges::move(NamesOfOne(*service), std::back_inserter(names));
  std::ranges::sort(names, {}, [](const MethodName& name) {
    return std::tuple(name.group, name.verb, name.method->full_name());
  });
  return names;
}

Result<std::vector<MethodName>> FindGroup(const Services& services, const std::string& group) {
  std::vector<const google::protobuf::ServiceDescriptor*> found;
  std::set<std::string> groups;
  for (const auto* service : services) {
    std::string noun = Noun(*service);
    groups.insert(Kebab(Plural(noun)));
    if (service->full_name() == group) return NamesOf({service});
    if (group == Kebab(Plural(noun)) || group == Kebab(noun)) found.push_back(service);
  }
  if (found.size() == 1) return NamesOf({found.front()});
  if (found.empty()) {
    return Usage("There is no command and no service '" + group +
                 "'. The server has: " + Join(groups) + ".");
  }
  std::set<std::string> full_names;
  for (const auto* service : found) full_names.insert(service->full_name());
  return Usage("'" + group + "' could be any of " + Join(full_names) + ": give the full name.");
}

Result<MethodName> FindVerb(const std::vector<MethodName>& group, const std::string& verb) {
  std::set<std::string> verbs;
  for (const auto& name : group) {
    if (name.verb == verb || name.method->name() == verb) return name;
    verbs.insert(name.verb);
  }
  return Usage("There is no '" + verb + "' in " + group.front().group + ". It has: " + Join(verbs) +
               ".");
}

}  // namespace crm::ctl
