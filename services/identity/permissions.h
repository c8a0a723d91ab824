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

// What a role gives: its standard's permissions, as they are in this version, and its own. Tenants
// that were made before roles had a standard have copies of what it was then; one that nobody has
// changed gives what its standard gives.
Permissions PermissionsOf(const v1::Role& role);
// None for STANDARD_UNSPECIFIED.
Permissions PermissionsOf(v1::Role::Standard standard);

// The roles that a new tenant has: one of each standard.
v1::Role StandardRole(v1::Role::Standard standard);

}  // namespace crm::identity
