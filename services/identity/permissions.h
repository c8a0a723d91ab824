// From roles to rights: what a person or a key may do, as the principal of their calls.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <string>
#include <vector>

#include "crm/identity/v1/identity.pb.h"
#include "libs/command/call.h"
#include "libs/command/principal.h"

namespace crm::identity {

using Permissions = google::protobuf::RepeatedPtrField<v1::Permission>;

std::vector<Grant> GrantsOf(const Permissions& permissions);
Permissions PermissionsOf(const std::vector<Grant>& grants);

// INVALID_FIELD where a permission lacks its parts or its condition is no filter; `path` is where
// they stand ("role.permissions"). Which fields a condition may name is known by the service that
// owns the object alone.
Status CheckPermissions(const Permissions& permissions, const std::string& path);
// PERMISSION_DENIED (role.assign) where the caller may not give rights to others.
Status CheckMayAssign(const Call& call);

// A person's rights: those of all roles, over the own department and those the person is the head
// of. Deleted roles give none.
Result<Principal> PrincipalOf(Call& call, const v1::User& user);
Result<Principal> PrincipalOf(Call& call, const v1::ApiKey& key);

// The roles that a new tenant has: administrator (everything), manager (the department's records),
// agent (the own ones) and form (hand in leads, for keys that are embedded in web pages). Their
// names are for the caller to set.
v1::Role AdministratorRole();
v1::Role ManagerRole();
v1::Role AgentRole();
v1::Role FormRole();

}  // namespace crm::identity
