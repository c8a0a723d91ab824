#include "services/notification/notification_service.h"

#include "crm/notification/v1/notification_events.pb.h"
#include "crm/notification/v1/notification_service.pb.h"
#include "libs/command/timestamps.h"
#include "libs/entity/standard_methods.h"

namespace crm::notification {

using v1::MarkReadRequest;
using v1::MarkReadResponse;
using v1::Notification;

namespace {

Result<MarkReadResponse> MarkRead(Call& call, const MarkReadRequest& request) {
  if (request.names_size() == 0) return InvalidField("names", "is required");
  if (request.names_size() > entity::kMaxBatch) {
    return InvalidField("names",
                        "has more than " + std::to_string(entity::kMaxBatch) + " elements");
  }
  MarkReadResponse response;
  for (const auto& name : request.names()) {
    auto notification = call.Load<Notification>(name);
    if (!notification.ok()) return notification.status();
    if (notification->state() == Notification::UNREAD) {
      notification->set_state(Notification::READ);
      *notification->mutable_read_time() = ToTimestamp(call.now());
      auto status = call.Store(*notification, v1::NotificationRead());
      if (!status.ok()) return status;
    }
    *response.add_notifications() = *notification;
  }
  return response;
}

}  // namespace

std::vector<MethodBinding> NotificationMethods(const RecordTypes& types,
                                               const entity::Settings& settings) {
  const auto* service = entity::FindService("crm.notification.v1.NotificationService");
  auto methods = entity::StandardMethods(service, types.Of(Notification::descriptor()), settings);
  methods.push_back(Bind<MarkReadRequest, MarkReadResponse>(service, "MarkRead", MarkRead));
  return methods;
}

}  // namespace crm::notification
