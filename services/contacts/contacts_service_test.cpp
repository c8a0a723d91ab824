#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "crm/activities/v1/activity_events.pb.h"
#include "crm/contacts/v1/contact_events.pb.h"
#include "crm/contacts/v1/contact_service.pb.h"
#include "crm/deals/v1/deal_events.pb.h"
#include "crm/identity/v1/identity_events.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "libs/command/timestamps.h"
#include "libs/entity/conformance.h"
#include "libs/people/test_people.h"
#include "libs/testing/call_harness.h"
#include "services/contacts/module.h"

namespace crm::contacts {
namespace {

using test::kMonday;
using v1::Company;
using v1::Contact;

const entity::Settings& TestSettings() {
  static const entity::PageTokens tokens =
      *entity::PageTokens::Create("0123456789abcdef0123456789abcdef");
  static const entity::Settings settings{&tokens, "IL"};
  return settings;
}

ServiceDefinition Over(const RecordTypes& types) {
  return DefineOver({std::shared_ptr<void>(), &types}, TestSettings());
}

std::string NameIn(const std::string& collection, const std::string& what) {
  return collection + "/" + NamedUuid(collection, what).ToString();
}

class ContactsTest : public ::testing::Test {
 protected:
  ContactsTest() { service_.Bind(definition_.methods); }

  Company MakeCompany(const std::string& display_name, const std::string& parent = "") {
    v1::CreateCompanyRequest request;
    request.mutable_company()->set_display_name(display_name);
    request.mutable_company()->set_parent(parent);
    auto made = service_.Call<Company>("CreateCompany", request);
    EXPECT_TRUE(made.ok()) << made.status().ToString();
    return made.ok() ? *made : Company();
  }
  Result<Company> SetParent(const std::string& name, const std::string& parent) {
    v1::UpdateCompanyRequest request;
    request.mutable_company()->set_name(name);
    request.mutable_company()->set_parent(parent);
    request.mutable_update_mask()->add_paths("parent");
    return service_.Call<Company>("UpdateCompany", request);
  }
  Result<Contact> MakeContact(const Contact& contact) {
    v1::CreateContactRequest request;
    *request.mutable_contact() = contact;
    return service_.Call<Contact>("CreateContact", request);
  }
  Contact MakeContact(const std::string& display_name, const std::string& owner = "") {
    Contact contact;
    contact.set_display_name(display_name);
    contact.set_owner(owner);
    auto made = MakeContact(contact);
    EXPECT_TRUE(made.ok()) << made.status().ToString();
    return made.ok() ? *made : Contact();
  }
  Contact GetContact(const std::string& name) {
    v1::GetContactRequest request;
    request.set_name(name);
    auto contact = service_.Call<Contact>("GetContact", request);
    EXPECT_TRUE(contact.ok()) << contact.status().ToString();
    return contact.ok() ? *contact : Contact();
  }
  // Hands an event about `subject` to all consumers of its message, as their transport would.
  Status Consume(const google::protobuf::Message& body, const std::string& subject, Time occurred) {
    return service_.Run([&](Call& call) -> Status {
      kernel::v1::LogRow row;
      row.set_subject(subject);
      row.set_event_id(call.NewId().ToString());
      row.set_type(body.GetTypeName());
      for (const auto& consumer : definition_.consumers) {
        const auto* function = consumer.FunctionFor(body.GetTypeName());
        if (function == nullptr) continue;
        auto status = (*function)(call, {row, body, occurred, occurred});
        if (!status.ok()) return status;
      }
      return Status::Ok();
    });
  }
  static deals::v1::DealEvent Won(const std::string& deal, const std::string& contact,
                                  const std::string& company) {
    deals::v1::DealEvent event;
    event.mutable_deal()->set_name(deal);
    event.mutable_deal()->set_display_name("12 windows");
    event.mutable_deal()->set_contact(contact);
    event.mutable_deal()->set_company(company);
    event.mutable_won()->set_stage("offered");
    return event;
  }
  std::vector<std::string> Timeline(const std::string& subject, int page_size = 0) {
    v1::ListTimelineRequest request;
    request.set_subject(subject);
    request.set_page_size(page_size);
    std::vector<std::string> lines;
    do {
      auto page = service_.Call<v1::ListTimelineResponse>("ListTimeline", request);
      EXPECT_TRUE(page.ok()) << page.status().ToString();
      if (!page.ok()) return lines;
      for (const auto& item : page->timeline_items()) lines.push_back(item.summary());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return lines;
  }

  people::TestPeople people_{NameIn("departments", "sales")};
  test::CallHarness service_{Records(), {.remote = &people_}};
  const ServiceDefinition definition_ = Over(service_.types());
};

// Named after the features that they prove.
using C01 = ContactsTest;
using C02 = ContactsTest;
using C07 = ContactsTest;
using C12 = ContactsTest;
using L12 = ContactsTest;
using O02 = ContactsTest;
using O03 = ContactsTest;

TEST_F(C01, TheEarliestWinMakesTheCustomerInWhateverOrderWinsBecomeKnown) {
  auto day = [](int days) { return kMonday - std::chrono::days(days); };
  for (unsigned seed = 0; seed < 10; ++seed) {
    Contact contact = MakeContact("Dana");
    Company company = MakeCompany("Dana Ltd");
    EXPECT_FALSE(contact.is_customer());
    std::vector<int> ages = {3, 40, 7, 12, 40, 1};
    std::shuffle(ages.begin(), ages.end(), std::mt19937(seed));
    size_t before = service_.Log().size();
    for (int age : ages) {
      std::string deal = NameIn("deals", std::to_string(seed * 100 + static_cast<unsigned>(age)));
      ASSERT_TRUE(Consume(Won(deal, contact.name(), company.name()), deal, day(age)).ok());
    }
    contact = GetContact(contact.name());
    EXPECT_TRUE(contact.is_customer());
    EXPECT_EQ(ToTime(contact.customer_since_time()), day(40));
    // One fact for each date that was earlier than all known ones, of contact and company each.
    int earliest = 0;
    size_t facts = 0;
    for (int age : ages) {
      if (age > earliest) facts += 2;
      earliest = std::max(earliest, age);
    }
    EXPECT_EQ(service_.Log().size(), before + facts);
  }
}

TEST_F(C01, IsNeverTyped) {
  Contact contact;
  contact.set_display_name("Dana");
  contact.set_is_customer(true);
  EXPECT_FALSE(MakeContact(contact)->is_customer());
  v1::UpdateContactRequest update;
  *update.mutable_contact() = MakeContact("Noa");
  update.mutable_contact()->set_is_customer(true);
  update.mutable_update_mask()->add_paths("is_customer");
  EXPECT_EQ(service_.Call<Contact>("UpdateContact", update).status().reason(), "FIELD_OUTPUT_ONLY");
}

TEST_F(C01, WaitsForAContactThatIsYetToCome) {
  auto event = Won(NameIn("deals", "1"), NameIn("contacts", "late"), "");
  EXPECT_EQ(Consume(event, event.deal().name(), kMonday).code(), Code::kNotFound);
}

TEST_F(C02, KeepsPhonesAsTypedAndInternationalAndSearchesThem) {
  Contact contact;
  contact.set_display_name("דנה לוי");
  contact.add_phones()->set_number("050-123 4567");
  contact.add_emails("Dana@Example.com ");
  auto made = MakeContact(contact);
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  EXPECT_EQ(made->phones(0).number(), "050-123 4567");
  EXPECT_EQ(made->phones(0).e164(), "+972501234567");
  v1::ListContactsRequest list;
  list.set_filter("phones.e164:\"+972501234567\"");
  EXPECT_EQ(service_.Call<v1::ListContactsResponse>("ListContacts", list)->contacts_size(), 1);
}

TEST_F(C07, OneTimelineHasWhatLeadsDealsNotesAndThePersonHaveToTell) {
  Contact contact = MakeContact("Dana");
  std::string lead = NameIn("leads", "1");
  std::string deal = NameIn("deals", "1");
  auto at = [](int hours) { return kMonday + std::chrono::hours(hours); };
  // The note on the deal becomes known before the deal.
  activities::v1::NoteEvent note;
  note.mutable_note()->set_name(NameIn("notes", "1"));
  note.mutable_note()->set_subject(deal);
  note.mutable_note()->set_text("Wants it in white");
  note.mutable_created();
  ASSERT_TRUE(Consume(note, note.note().name(), at(5)).ok());
  leads::v1::LeadEvent came;
  came.mutable_lead()->set_name(lead);
  came.mutable_lead()->set_display_name("Dana");
  came.mutable_submitted();
  ASSERT_TRUE(Consume(came, lead, at(1)).ok());
  leads::v1::LeadEvent converted = came;
  converted.mutable_lead()->set_converted_contact(contact.name());
  converted.mutable_converted()->set_contact(contact.name());
  ASSERT_TRUE(Consume(converted, lead, at(2)).ok());
  deals::v1::DealEvent made = Won(deal, contact.name(), "");
  made.mutable_created();
  ASSERT_TRUE(Consume(made, deal, at(3)).ok());
  v1::ContactEvent stranger;
  stranger.mutable_contact()->set_name(NameIn("contacts", "2"));
  stranger.mutable_created();
  ASSERT_TRUE(Consume(stranger, stranger.contact().name(), at(4)).ok());

  // Of a kind that the timeline has no word for, about nobody.
  deals::v1::PipelineEvent pipeline;
  pipeline.mutable_pipeline()->set_name(NameIn("pipelines", "1"));
  pipeline.mutable_created();
  ASSERT_TRUE(Consume(pipeline, pipeline.pipeline().name(), at(6)).ok());

  const std::vector<std::string> expected = {"Note created: Wants it in white",
                                             "Deal created: 12 windows", "Lead converted: Dana",
                                             "Lead submitted: Dana"};
  EXPECT_EQ(Timeline(contact.name()), expected);
  EXPECT_EQ(Timeline(contact.name(), 1), expected);
}

TEST_F(C07, IsNotFoundForThoseWhoMayNotGetTheSubject) {
  v1::ListTimelineRequest request;
  request.set_subject(MakeContact("Dana").name());
  auto hidden = service_.Call<v1::ListTimelineResponse>("ListTimeline", request,
                                                        service_.User("timeline.list"));
  EXPECT_EQ(hidden.status(), NotFound(request.subject()));
  request.set_subject(NameIn("deals", "1"));
  EXPECT_EQ(service_.Call<v1::ListTimelineResponse>("ListTimeline", request).status().reason(),
            "INVALID_FIELD");
}

TEST_F(C12, ContactsAndCompaniesOfSomebodyWhoLeftMoveToTheSuccessor) {
  std::string gone = NameIn("users", "gone");
  std::string next = NameIn("users", "next");
  Contact contact = MakeContact("Dana", gone);
  Contact other = MakeContact("Noa", NameIn("users", "other"));
  identity::v1::UserEvent left;
  left.mutable_user()->set_name(gone);
  left.mutable_dismissed()->set_successor(next);
  ASSERT_TRUE(Consume(left, gone, kMonday).ok());
  EXPECT_EQ(GetContact(contact.name()).owner(), next);
  EXPECT_EQ(GetContact(contact.name()).department(), NameIn("departments", "sales"));
  EXPECT_EQ(GetContact(other.name()).owner(), NameIn("users", "other"));
  EXPECT_EQ(service_.Log().back().type(), "crm.contacts.v1.ContactHandedOver");
  v1::HandOverContactsRequest same;
  same.set_from(next);
  same.set_to(next);
  EXPECT_EQ(service_.Call<v1::HandOverContactsResponse>("HandOverContacts", same).status(),
            InvalidField("to", "must be somebody else"));
}

TEST_F(L12, AConvertedLeadBecomesAContactAndACompanyOnceAndCanBeTakenBack) {
  leads::v1::LeadEvent event;
  event.mutable_lead()->set_name(NameIn("leads", "1"));
  event.mutable_lead()->set_display_name("Dana");
  event.mutable_lead()->set_company_name("Dana Ltd");
  event.mutable_lead()->set_email("dana@example.com");
  auto& converted = *event.mutable_converted();
  converted.set_contact(NameIn("contacts", "1"));
  converted.set_company(NameIn("companies", "1"));
  converted.set_create_contact(true);
  converted.set_create_company(true);
  ASSERT_TRUE(Consume(event, event.lead().name(), kMonday).ok());
  ASSERT_TRUE(Consume(event, event.lead().name(), kMonday).ok());
  EXPECT_EQ(service_.Log().size(), 2u);
  Contact contact = GetContact(converted.contact());
  EXPECT_EQ(contact.display_name(), "Dana");
  EXPECT_EQ(contact.emails(0), "dana@example.com");
  EXPECT_EQ(contact.memberships(0).company(), converted.company());
  EXPECT_EQ(contact.lead(), event.lead().name());

  event.mutable_old()->set_converted_contact(contact.name());
  event.mutable_old()->set_converted_company(contact.memberships(0).company());
  event.mutable_conversion_undone();
  ASSERT_TRUE(Consume(event, event.lead().name(), kMonday).ok());
  EXPECT_TRUE(GetContact(contact.name()).has_delete_time());
}

TEST_F(O02, APersonBelongsToManyCompaniesButNotTwiceToOneAtATime) {
  Company glass = MakeCompany("Glass");
  Company frames = MakeCompany("Frames");
  Contact contact;
  contact.set_display_name("Dana");
  auto add = [&](const Company& company, int from, int to) {
    auto& membership = *contact.add_memberships();
    membership.set_company(company.name());
    *membership.mutable_start_time() = ToTimestamp(kMonday + std::chrono::days(from));
    *membership.mutable_end_time() = ToTimestamp(kMonday + std::chrono::days(to));
  };
  add(glass, 0, 10);
  add(frames, 5, 20);
  add(glass, 10, 20);
  EXPECT_TRUE(MakeContact(contact).ok());
  add(glass, 19, 30);
  add(frames, 30, 30);
  auto refused = MakeContact(contact).status();
  ASSERT_EQ(refused.field_violations().size(), 2u) << refused.ToString();
  EXPECT_EQ(refused.field_violations()[0].field, "contact.memberships[3]");
  EXPECT_EQ(refused.field_violations()[1].field, "contact.memberships[4].end_time");
}

TEST_F(O03, ACircleOfCompaniesIsRefused) {
  Company top = MakeCompany("Top");
  Company middle = MakeCompany("Middle", top.name());
  Company bottom = MakeCompany("Bottom", middle.name());
  EXPECT_EQ(SetParent(top.name(), bottom.name()).status().reason(), "COMPANY_CIRCLE");
  EXPECT_EQ(SetParent(top.name(), top.name()).status().reason(), "COMPANY_CIRCLE");
  EXPECT_TRUE(SetParent(bottom.name(), top.name()).ok());
  EXPECT_TRUE(SetParent(top.name(), "").ok());
}

TEST_F(O03, TwoChangesThatOnlyTogetherCloseACircleDoNotBothHappen) {
  Company one = MakeCompany("One");
  Company two = MakeCompany("Two");
  v1::UpdateCompanyRequest first;
  first.mutable_company()->set_name(one.name());
  first.mutable_company()->set_parent(two.name());
  first.mutable_update_mask()->add_paths("parent");
  v1::UpdateCompanyRequest second = first;
  second.mutable_company()->set_name(two.name());
  second.mutable_company()->set_parent(one.name());
  auto a = service_.Begin("UpdateCompany", first, service_.admin());
  auto b = service_.Begin("UpdateCompany", second, service_.admin());
  service_.Drain();
  EXPECT_TRUE(a->Wait().ok());
  EXPECT_EQ(b->Wait().status().reason(), "COMPANY_CIRCLE");
}

TEST_F(O03, ThereIsABoundOnTheDepth) {
  std::string above;
  for (int i = 0; i <= 50; ++i) above = MakeCompany("Level " + std::to_string(i), above).name();
  EXPECT_EQ(SetParent(MakeCompany("Leaf").name(), above).status().reason(), "COMPANY_TOO_DEEP");
}

class Conformance : public entity::ConformanceTest {};
TEST_P(Conformance, Holds) {
  Run();
}

entity::ConformanceService ServiceToTest() {
  entity::ConformanceService service;
  service.records = Records();
  service.methods = [](const RecordTypes& types) { return Over(types).methods; };
  service.migrations = "services/contacts/migrations";
  // The example has several memberships in one company, and relations to nobody.
  auto fit = [](entity::ConformanceHost&, google::protobuf::Message& example, int) {
    auto& contact = static_cast<Contact&>(example);
    contact.clear_relations();
    if (contact.memberships_size() > 1) {
      contact.mutable_memberships()->DeleteSubrange(1, contact.memberships_size() - 1);
    }
    for (auto& membership : *contact.mutable_memberships()) membership.clear_end_time();
  };
  service.entities = {{.service = "crm.contacts.v1.ContactService",
                       .record = Contact::descriptor(),
                       .adjust = fit,
                       .frozen = {"memberships", "relations"}},
                      {.service = "crm.contacts.v1.CompanyService",
                       .record = Company::descriptor(),
                       .frozen = {"parent"}}};
  return service;
}

INSTANTIATE_TEST_SUITE_P(Contacts, Conformance,
                         ::testing::ValuesIn(entity::ConformanceCases(ServiceToTest())),
                         entity::ConformanceCaseName);

}  // namespace
}  // namespace crm::contacts
