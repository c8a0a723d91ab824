// Telling a person something, once.
#pragma once

#include <string>
#include <string_view>

#include "crm/notification/v1/notification.pb.h"
#include "libs/events/consumer.h"

namespace crm::notification {

struct Notice {
  // What it is about besides its kind: the same key and person are told once, however often the
  // event comes.
  std::string key;
  std::string user;
  std::string_view kind;
  std::string title;
  std::string text;
  std::string subject;
};

// Puts it into the person's inbox, where it is not there yet. Nobody is told without a user.
Status Tell(Call& call, const Notice& notice, const events::Event& event);

// Titles and texts within the bounds of their fields.
std::string Shortened(const std::string& text, size_t most_characters);

}  // namespace crm::notification
