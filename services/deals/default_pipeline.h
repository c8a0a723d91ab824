// The one pipeline that deals get which name none. A claim of the kernel stands for it, so that
// there is never more than one, and a deal that is begun in it is decided again where the default
// changes meanwhile.
#pragma once

#include "crm/deals/v1/deal.pb.h"
#include "libs/command/call.h"

namespace crm::deals {

// FAILED_PRECONDITION NO_DEFAULT_PIPELINE where there is none.
Result<v1::Pipeline> LoadDefaultPipeline(Call& call);

// Moves the claim after a pipeline was stored. ALREADY_EXISTS (VALUE_TAKEN) where another one is
// the default.
Status KeepDefault(Call& call, const v1::Pipeline& stored);

}  // namespace crm::deals
