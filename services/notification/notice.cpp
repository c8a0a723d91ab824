#include "services/notification/notice.h"

#include "crm/notification/v1/notification_events.pb.h"

namespace crm::notification {

using v1::Notification;

Status Tell(Call& call, const Notice& notice, const events::Event& event) {
  if (!notice.user.starts_with("users/")) return Status::Ok();
  const RecordType& type = call.types().Of(Notification::descriptor());
  Notification notification;
  notification.set_name(
      type.Name(NamedUuid("notice/" + std::string(notice.kind) + "/" + notice.user, notice.key)));
  auto known = call.Find<Notification>(notification.name());
  if (!known.ok()) return known.status();
  if (*known) return Status::Ok();
  notification.set_user(notice.user);
  notification.set_kind(std::string(notice.kind));
  notification.set_title(Shortened(notice.title, 300));
  notification.set_text(Shortened(notice.text, 4000));
  notification.set_subject(notice.subject);
  notification.set_event_id(event.row.event_id());
  notification.set_state(Notification::UNREAD);
  return call.Store(notification, v1::NotificationCreated());
}

std::string Shortened(const std::string& text, size_t most_characters) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins && ++characters > most_characters) return text.substr(0, i);
  }
  return text;
}

}  // namespace crm::notification
