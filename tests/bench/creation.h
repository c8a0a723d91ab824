// Creation: what is created by the measurements M1, M1b, M2 and M6, as calls of ours and as the
// very SQL that the same rows need.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/journal.h"
#include "tests/bench/rig.h"

namespace google::protobuf {
class Message;
}

namespace crm::bench {

// The digits in a sample that differ in every record.
inline constexpr char kSampleDigits[] = "98765432";

// A kind of record of the service leads.
struct Kind {
  std::string table;   // "leads"
  std::string method;  // "/crm.leads.v1.LeadService/CreateLead"
  // The request for number 0: with kSampleDigits where records differ, and with Sample().
  std::string request;
};
// "lead": one of 600 bytes without phone and e-mail. Its creation looks for the rule that assigns
// it, and stores it twice: created, and assigned.
// "enquiry": a lead as a form brings it. Duplicates are looked for too, also among contacts.
// "deal": for lists of many.
// "source": the kernel alone: one record, one event, and nothing to read first.
Kind KindOf(const std::string& name);

// "0190a000-0000-7000-8000-000000000007": of the record number 7.
std::string RecordId(uint64_t n);

class Creation {
 public:
  // Creates one record of the kind, to see which rows it needs.
  Creation(Rig& rig, Load& load, const Kind& kind);

  // Makes both sides' tables as large as those of a small company, and lets PostgreSQL look at
  // them.
  void Fill(int64_t records);

  // Appends `events` rows like the first that a call writes to our log, of records from number
  // `first` on, as if they had been committed. The service must be down.
  void FillLog(uint64_t first, int64_t events);
  // Rows of our log.
  int64_t CountLog();

  Ask MakeAsk(uint64_t n) const;
  Ask MakeGet(uint64_t n, const std::string& method) const;
  // The number of the record that it created.
  uint64_t sample() const { return sample_; }
  // How many log rows one call writes.
  int64_t events() const { return events_; }

  // pgbench's script: BEGIN, the inserts one by one, COMMIT; or all in one statement.
  std::string Transaction() const;
  std::string OneStatement() const;

  // Runs `work` and finds fault where it left not exactly the rows and events that it counts, of
  // the records that it asked for.
  Slice AuditOurs(const std::function<LoadResult()>& work);
  Slice AuditCounterpart(const std::string& script, int clients, double seconds, double rate = 0);

 private:
  // Rows of the kind's table, of the log, of idempotency.
  struct Counts {
    int64_t records = 0, log = 0, keys = 0;
    // Sums of the numbers of their records.
    int64_t record_numbers = 0, log_numbers = 0;
  };
  Counts Count(bool ours);
  // What is wrong with the rows that appeared since, if there are to be `records` of these numbers.
  std::string Fault(const Counts& before, const Counts& after, int64_t records,
                    int64_t numbers) const;
  // INSERT INTO ... and what it is given, with pgbench's variables.
  struct Insert {
    std::string head;
    std::string values;
  };
  // What an insert gives, for rows that are counted by n in SQL instead of pgbench.
  static std::string Values(const Insert& insert, uint64_t first);
  Insert InsertLike(const std::string& table, const std::string& where, int event);
  std::string Prologue() const;

  Rig& rig_;
  const Kind kind_;
  uint64_t sample_ = 0;
  int64_t events_ = 0;
  std::vector<Insert> inserts_;
};

}  // namespace crm::bench
