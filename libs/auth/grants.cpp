#include "libs/auth/grants.h"

#include <array>
#include <map>
#include <tuple>

namespace crm::auth {

namespace {

constexpr std::string_view kScopes = "oda";  // in the order of Scope

// The text up to the next ':', which is taken off too.
std::optional<std::string> TakePart(std::string_view& text) {
  auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string part(text.substr(0, colon));
  text.remove_prefix(colon + 1);
  return part;
}

bool AppendGrants(std::string_view text, std::vector<Grant>& grants) {
  auto object = TakePart(text);
  auto actions = object ? TakePart(text) : std::nullopt;
  if (!actions || object->empty() || text.empty()) return false;
  auto scope = kScopes.find(text[0]);
  if (scope == std::string_view::npos) return false;
  text.remove_prefix(1);
  if (!text.empty() && text[0] != ':') return false;
  std::string condition(text.empty() ? text : text.substr(1));
  std::string_view rest = *actions;
  while (true) {
    auto comma = rest.find(',');
    std::string action(rest.substr(0, comma));
    if (action.empty()) return false;
    grants.push_back({*object, std::move(action), static_cast<Scope>(scope), condition});
    if (comma == std::string_view::npos) return true;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

std::vector<std::string> ToTexts(const std::vector<Grant>& grants) {
  std::map<std::tuple<std::string, Scope, std::string>, std::string> actions;
  for (const Grant& grant : grants) {
    auto& list = actions[{grant.object, grant.scope, grant.condition}];
    list += (list.empty() ? "" : ",") + grant.action;
  }
  std::vector<std::string> texts;
  for (const auto& [key, list] : actions) {
    const auto& [object, scope, condition] = key;
    std::string text = object + ":" + list + ":" + kScopes[static_cast<size_t>(scope)];
    if (!condition.empty()) text += ":" + condition;
    texts.push_back(std::move(text));
  }
  return texts;
}

std::optional<std::vector<Grant>> FromTexts(const std::vector<std::string>& texts) {
  std::vector<Grant> grants;
  for (const auto& text : texts) {
    if (!AppendGrants(text, grants)) return std::nullopt;
  }
  return grants;
}

std::vector<Grant> ReadingOnly(const std::vector<Grant>& grants) {
  std::vector<Grant> reading;
  for (const Grant& grant : grants) {
    for (const char* action : {"get", "list"}) {
      if (grant.action != "*" && grant.action != action) continue;
      reading.push_back({grant.object, action, grant.scope, grant.condition});
    }
  }
  return reading;
}

}  // namespace crm::auth
