// Who of the book is a customer, and since when (C01): what the consumer makes of the won deals,
// against the file itself.
#include <gtest/gtest.h>

#include "crm/contacts/v1/contact.pb.h"
#include "libs/base/clock.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "tests/scenario/book.h"
#include "tests/scenario/receiver.h"

namespace crm::test {
namespace {

using contacts::v1::Company;
using kernel::v1::LogRow;

// Day of the first win of each company that has one.
using FirstWins = std::map<std::string, std::string>;

FirstWins FirstWinsOfTheFile() {
  FirstWins wins;
  for (const auto& row : Opportunities()) {
    if (row.stage != "Won") continue;
    auto& first = wins.try_emplace(row.account, row.close_date).first->second;
    first = std::min(first, row.close_date);
  }
  return wins;
}

// Contacts with the companies of another, before anything was won.
class NewContacts : public Receiver {
 public:
  explicit NewContacts(CallHarness& known)
      : Receiver(contacts::Records(), AllConsumers, "contacts.on_deals") {
    const RecordType& from = known.type(Company::descriptor());
    ListQuery query;
    query.type = &from;
    query.tenant = known.tenant();
    query.limit = 1000;
    auto companies = known.store().List(query, {});
    WriteSet set;
    set.tenant = known.tenant();
    for (const auto& listed : *companies) {
      Company company;
      EXPECT_TRUE(DecodeRecord(listed.record.body, company).ok());
      EXPECT_FALSE(company.is_customer());
      set.records.push_back(
          MakeRecordWrite({&harness().type(Company::descriptor()), set.tenant, listed.record.id},
                          listed.record.version, company));
    }
    const WriteSet* sets[] = {&set};
    EXPECT_EQ(harness().store().Commit(sets, {})[0].outcome, CommitResult::Outcome::kCommitted);
  }

  FirstWins Customers() {
    ListQuery query;
    query.type = &harness().type(Company::descriptor());
    query.tenant = harness().tenant();
    query.limit = 1000;
    FirstWins wins;
    auto companies = harness().store().List(query, {});
    for (const auto& listed : *companies) {
      Company company;
      EXPECT_TRUE(DecodeRecord(listed.record.body, company).ok());
      if (!company.is_customer()) continue;
      wins[company.display_name()] =
          FormatTime(ToTime(company.customer_since_time())).substr(0, sizeof("2017-03-01") - 1);
    }
    return wins;
  }

 private:
  static std::vector<events::EventConsumer> AllConsumers(const RecordTypes& types) {
    return contacts::DefineOver({std::shared_ptr<void>(), &types}, {}).consumers;
  }
};

using C01 = WholeBook;

TEST_F(C01, WonDealsMakeCustomersSinceTheirFirstWinInWhateverOrderTheyArrive) {
  FirstWins wanted = FirstWinsOfTheFile();
  EXPECT_EQ(wanted.size(), 85u);
  auto log = rig().deals().Log();
  NewContacts as_recorded(rig().contacts());
  as_recorded.Bring(log);
  EXPECT_EQ(as_recorded.Customers(), wanted);

  // Only a win makes a customer: the rest of the log has just been shown to do no harm.
  std::erase_if(log, [](const LogRow& row) { return row.type() != "crm.deals.v1.DealWon"; });
  NewContacts backwards(rig().contacts());
  backwards.Bring({log.rbegin(), log.rend()});
  EXPECT_EQ(backwards.Customers(), wanted);
  for (uint64_t seed : {1, 2}) {
    NewContacts shuffled(rig().contacts());
    shuffled.Bring(Shuffled(log, seed));
    EXPECT_EQ(shuffled.Customers(), wanted) << "seed " << seed;
  }
}

}  // namespace
}  // namespace crm::test
