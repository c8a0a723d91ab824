// The known key that an unknown one was probably meant to be. Private to libs/config.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>

namespace crm::config {

// `parent` is the path of the message in which `key` was looked for ("" or "kafka"). Looks for a
// sibling that is spelt nearly so, then for the same key elsewhere. A full path, or "" where
// nothing is near.
std::string NearestKey(const google::protobuf::Descriptor& root,
                       const google::protobuf::Descriptor& message, const std::string& parent,
                       const std::string& key);

}  // namespace crm::config
