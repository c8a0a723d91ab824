#include "services/leads/duplicates.h"

#include "crm/contacts/v1/contact.pb.h"
#include "libs/command/record_codec.h"
#include "libs/filter/checked_filter.h"

namespace crm::leads {

using contacts::v1::Contact;
using v1::CheckDuplicatesResponse;
using v1::Lead;

namespace {

constexpr size_t kMost = 20;

Result<filter::CheckedFilter> FilterFor(const filter::Schema& schema, const ContactPoints& points,
                                        const char* phone_path, const char* email_path) {
  auto filter = filter::CheckedFilter::None();
  if (!points.phone_e164.empty()) {
    auto phone = filter::FieldEquals(schema, phone_path, points.phone_e164);
    if (!phone.ok()) return phone;
    filter = *phone;
  }
  if (points.email.empty()) return filter;
  auto email = filter::FieldEquals(schema, email_path, points.email);
  if (!email.ok() || points.phone_e164.empty()) return email;
  return filter.Or(*email);
}

void Add(const std::string& name, const std::string& display_name, bool by_phone,
         CheckDuplicatesResponse& response) {
  auto* duplicate = response.add_duplicates();
  duplicate->set_name(name);
  duplicate->set_display_name(display_name);
  duplicate->set_matched(by_phone ? "phone" : "email");
}

Status AddLeads(Call& call, const ContactPoints& points, entity::As as,
                CheckDuplicatesResponse& response) {
  const RecordType& type = call.types().Of(Lead::descriptor());
  auto filter = FilterFor(type.filter_schema(), points, "phone_e164", "email");
  if (!filter.ok()) return filter.status();
  ListQuery query;
  query.type = &type;
  query.tenant = call.tenant();
  query.filter = &*filter;
  query.now = call.now();
  query.limit = kMost;
  auto listed =
      as == entity::As::kCaller ? call.List(query) : call.store().List(query, call.stop());
  if (!listed.ok()) return listed.status();
  for (const auto& item : *listed) {
    Lead lead;
    if (auto status = DecodeRecord(item.record.body, lead); !status.ok()) return status;
    bool by_phone = !points.phone_e164.empty() && lead.phone_e164() == points.phone_e164;
    Add(lead.name(), lead.display_name(), by_phone, response);
  }
  return Status::Ok();
}

Status AddContacts(Call& call, const ContactPoints& points, entity::As as,
                   CheckDuplicatesResponse& response) {
  filter::Schema schema(Contact::descriptor());
  auto filter = FilterFor(schema, points, "phones.e164", "emails");
  if (!filter.ok()) return filter.status();
  auto contacts =
      entity::AskList<Contact>(call, "crm.contacts.v1.ContactService", filter->ToText(), as);
  if (!contacts.ok()) {
    response.set_contacts_unavailable(true);
    return Status::Ok();
  }
  for (size_t i = 0; i < contacts->size() && i < kMost; ++i) {
    const Contact& contact = (*contacts)[i];
    bool by_phone = false;
    for (const auto& phone : contact.phones()) {
      by_phone = by_phone || (!points.phone_e164.empty() && phone.e164() == points.phone_e164);
    }
    Add(contact.name(), contact.display_name(), by_phone, response);
  }
  return Status::Ok();
}

}  // namespace

Result<CheckDuplicatesResponse> FindDuplicates(Call& call, const ContactPoints& points,
                                               entity::As as) {
  CheckDuplicatesResponse response;
  if (points.phone_e164.empty() && points.email.empty()) return response;
  if (auto status = AddLeads(call, points, as, response); !status.ok()) return status;
  if (auto status = AddContacts(call, points, as, response); !status.ok()) return status;
  return response;
}

}  // namespace crm::leads
