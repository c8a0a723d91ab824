// The AIP standard methods of a resource, bound to a proto service by their names:
//
//   Get<X>, List<Xs>, BatchGet<Xs>, Create<X>, BatchCreate<Xs>, Update<X>, BatchUpdate<Xs>,
//   Delete<X>, Undelete<X>
//
// X is the message's name and Xs the plural of its google.api.resource (or its collection). Those
// that the service declares are bound; what a request's fields mean follows from their names too,
// and fields that a proto leaves out are as if unset:
//
//   Get        name, as_of, effective_as_of
//   List       page_size, page_token, filter, order_by, show_deleted, as_of, effective_as_of ->
//   <records>, next_page_token BatchGet   names -> <records> in the order of the names, unreachable
//   (where the response has it: names that cannot be read;
//              otherwise one of them fails the call)
//   Create     <x>, <x>_id, request_id, validate_only
//   Update     <x>, update_mask, allow_missing, request_id, validate_only
//   BatchCreate, BatchUpdate   requests, request_id, validate_only -> <records>; all or none
//   Delete     name, etag, allow_missing, request_id, validate_only -> <x>
//   Undelete   name, etag, request_id, validate_only -> <x>
//
// A Create<X> that does not return X is the service's own and not bound here.
//
// What they refuse is said in crud.h; request_id, validate_only and permissions are the pipeline's
// business.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string_view>
#include <vector>

#include "libs/command/pipeline.h"
#include "libs/entity/crud.h"

namespace crm::entity {

// A service linked into this program ("crm.leads.v1.LeadService"). Ends the process where there is
// none.
const google::protobuf::ServiceDescriptor* FindService(std::string_view full_name);

// Ends the process where a request or response lacks what its method needs: a mistake of the
// programmer, found at start. A verb that is written by hand instead is bound behind these: the
// last binding of a method counts.
std::vector<MethodBinding> StandardMethods(const google::protobuf::ServiceDescriptor* service,
                                           const RecordType& type, const Settings& settings,
                                           Hooks hooks = {});

}  // namespace crm::entity
