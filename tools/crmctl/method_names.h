// Names of methods on the command line: crm.leads.v1.LeadService/ConvertLead is `leads convert`.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "libs/base/status.h"

namespace crm::ctl {

// A group is the service's name without "Service", in the plural: LeadService -> leads,
// ImportRunService -> import-runs. A verb is the method's name without the group's noun: ListLeads
// -> list, BatchGetLeads -> batch-get, ListTransitions -> list-transitions. Methods that take a
// stream have no name here.
struct MethodName {
  std::string group;
  std::string verb;
  const google::protobuf::MethodDescriptor* method;
};

using Services = std::vector<const google::protobuf::ServiceDescriptor*>;

// Sorted by group and verb.
std::vector<MethodName> NamesOf(const Services& services);

// The methods that `group` means: a group, its singular, or a service's full name. NOT_FOUND-free:
// a usage error that lists the groups where there is none, or that asks for the full name where two
// services have the same group.
Result<std::vector<MethodName>> FindGroup(const Services& services, const std::string& group);
// One of `group`'s methods by its verb or the method's own name.
Result<MethodName> FindVerb(const std::vector<MethodName>& group, const std::string& verb);

// "PriceList" -> "price-list", "page_size" -> "page-size".
std::string Kebab(const std::string& name);

}  // namespace crm::ctl
