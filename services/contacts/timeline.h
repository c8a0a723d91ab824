// The timeline of contacts and companies (C07): a projection of the events of all services, and how
// it is read.
//
// An item stands under the contacts and companies that its event's record names. What is about a
// lead, a deal or another record stands under that record's name, and is joined when a timeline is
// read: the records whose items stand under the subject are known, so a note on a deal is seen with
// the deal's contact whichever of the two came first.
#pragma once

#include <string>
#include <vector>

#include "crm/contacts/v1/contact_service.pb.h"
#include "libs/command/call.h"
#include "libs/entity/crud.h"
#include "libs/events/consumer.h"

namespace crm::contacts {

// What one event adds to timelines. Pure, and the same for every event message: it reads the
// snapshot (field 1) and the fact.
struct TimelineEntry {
  // Names under which it stands; none: it concerns nobody.
  std::vector<std::string> subjects;
  // "Deal won: 12 windows".
  std::string summary;
};
TimelineEntry EntryOf(const google::protobuf::Message& event);

// Items of the events of leads, deals, activities and contacts. An item's id derives from subject
// and event, so a rebuild writes the same items again.
events::EventConsumer TimelineConsumer();

std::vector<MethodBinding> TimelineMethods(const entity::Settings& settings);

}  // namespace crm::contacts
