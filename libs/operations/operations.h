// crm.kernel.v1.OperationsService over one service: undo, dead letters, verify. Generic over all
// its record types.
#pragma once

#include <string>
#include <vector>

#include "crm/kernel/v1/operations_service.pb.h"
#include "libs/command/pipeline.h"
#include "libs/events/consumer.h"

namespace crm::operations {

// Thread-safe.
class OperationsServer {
 public:
  // `appliers` are the service's consumers; they outlive this.
  OperationsServer(std::string service, const RecordTypes& types,
                   std::vector<events::EventApplier*> appliers);

  std::vector<MethodBinding> Methods();

 private:
  Result<kernel::v1::UndoResponse> Undo(Call& call, const kernel::v1::UndoRequest& request);
  Result<kernel::v1::ListDeadLettersResponse> ListDeadLetters(
      Call& call, const kernel::v1::ListDeadLettersRequest& request);
  Result<kernel::v1::ReplayDeadLettersResponse> ReplayDeadLetters(
      Call& call, const kernel::v1::ReplayDeadLettersRequest& request);
  Result<kernel::v1::VerifyResponse> Verify(Call& call, const kernel::v1::VerifyRequest& request);
  Status CheckSource(const std::string& source) const;

  const std::string service_;
  const RecordTypes& types_;
  const std::vector<events::EventApplier*> appliers_;
};

}  // namespace crm::operations
