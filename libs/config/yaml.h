// YAML in and out of a configuration message. Private to libs/config.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/config/problems.h"

namespace crm::config {

// Sets the keys that the text names; lists are replaced, groups and named entries merged. `name` is
// the file's name in messages. Fails with CONFIG_SYNTAX where the text is not YAML; everything else
// goes to `problems`.
Status ApplyYaml(google::protobuf::Message& root, std::string_view yaml, const std::string& name,
                 Problems& problems);

// Every key of the message, set or not, in the order of its fields; sensitive values that are set
// are ***.
std::string PrintYaml(const google::protobuf::Message& root);

}  // namespace crm::config
