#include "services/analytics/comparison.h"

#include <google/protobuf/util/message_differencer.h>

#include <set>

#include "libs/command/record_codec.h"
#include "services/analytics/projection.h"

namespace crm::analytics {

using google::protobuf::Message;

namespace {

constexpr size_t kPage = 1000;

// Without what tells generations, or ways of arrival, apart.
void Neutralise(Message& fact) {
  for (const char* name : {"name", "generation", "recorded_time"}) {
    const auto* field = fact.GetDescriptor()->FindFieldByName(name);
    if (field != nullptr) fact.GetReflection()->ClearField(&fact, field);
  }
}

bool Same(const Message& a, const Message& b) {
  std::unique_ptr<Message> left(a.New()), right(b.New());
  left->CopyFrom(a);
  right->CopyFrom(b);
  Neutralise(*left);
  Neutralise(*right);
  return google::protobuf::util::MessageDifferencer::Equals(*left, *right);
}

// The rows of one generation in the order of `order`.
class Rows {
 public:
  Rows(Call& call, const RecordType& type, std::vector<std::string> order, filter::CheckedFilter of)
      : call_(call), type_(type), order_(std::move(order)), of_(std::move(of)) {}

  // The next row, or nullptr at the end.
  Result<const Message*> Next() {
    if (at_ == page_.size() && !last_page_) {
      if (auto status = ReadPage(); !status.ok()) return status;
    }
    if (at_ == page_.size()) {
      row_.reset();
      return static_cast<const Message*>(nullptr);
    }
    row_ = type_.NewMessage();
    if (auto status = DecodeRecord(page_[at_++].record.body, *row_); !status.ok()) return status;
    return static_cast<const Message*>(row_.get());
  }

  // Of the current row: the values that it is ordered by; the first is the record that it is of.
  std::vector<std::string> Key() const {
    std::vector<std::string> key;
    for (const auto& field : order_) {
      key.push_back(
          row_->GetReflection()->GetString(*row_, row_->GetDescriptor()->FindFieldByName(field)));
    }
    return key;
  }
  const Message* row() const { return row_.get(); }

 private:
  Status ReadPage() {
    ListQuery query;
    query.type = &type_;
    query.filter = &of_;
    for (const auto& field : order_) query.order.push_back({field, false});
    if (!page_.empty()) query.after = page_.back().position;
    query.limit = kPage;
    auto listed = call_.List(query);
    if (!listed.ok()) return listed.status();
    page_ = std::move(*listed);
    last_page_ = page_.size() < kPage;
    at_ = 0;
    return Status::Ok();
  }

  Call& call_;
  const RecordType& type_;
  const std::vector<std::string> order_;
  const filter::CheckedFilter of_;
  std::vector<ListedRecord> page_;
  size_t at_ = 0;
  bool last_page_ = false;
  std::unique_ptr<Message> row_;
};

// Adds the records whose rows are not alike.
Status Collect(Call& call, const RecordType& type, const std::vector<std::string>& order,
               std::pair<int64_t, int64_t> generations, std::set<std::string>& unlike) {
  auto of = [&](int64_t generation) {
    return filter::FieldEquals(type.filter_schema(), "generation", std::to_string(generation));
  };
  auto left_filter = of(generations.first), right_filter = of(generations.second);
  if (!left_filter.ok()) return left_filter.status();
  if (!right_filter.ok()) return right_filter.status();
  Rows left(call, type, order, *left_filter), right(call, type, order, *right_filter);
  auto advance = [](Rows& rows) { return rows.Next().status(); };
  if (auto status = advance(left); !status.ok()) return status;
  if (auto status = advance(right); !status.ok()) return status;
  while (left.row() != nullptr || right.row() != nullptr) {
    bool only_left = right.row() == nullptr || (left.row() != nullptr && left.Key() < right.Key());
    bool only_right = left.row() == nullptr || (right.row() != nullptr && right.Key() < left.Key());
    if (only_left || only_right) {
      unlike.insert((only_left ? left : right).Key().front());
    } else if (!Same(*left.row(), *right.row())) {
      unlike.insert(left.Key().front());
    }
    if (!only_right) {
      if (auto status = advance(left); !status.ok()) return status;
    }
    if (!only_left) {
      if (auto status = advance(right); !status.ok()) return status;
    }
  }
  return Status::Ok();
}

Result<bool> SameEntries(Call& call, const v1::DealFact& live, const v1::DealFact& made) {
  for (const auto& stage : live.entered_stages()) {
    auto left = call.Find<v1::StageEntryFact>(
        StageEntryName(call.types(), live.generation(), live.deal(), stage));
    if (!left.ok()) return left.status();
    auto right = call.Find<v1::StageEntryFact>(
        StageEntryName(call.types(), made.generation(), made.deal(), stage));
    if (!right.ok()) return right.status();
    if (left->has_value() != right->has_value()) return false;
    if (*left && !Same(**left, **right)) return false;
  }
  return true;
}

// Counts one record by what its facts are now.
template <class Fact>
Status Judge(Call& call, const std::string& live_name, const std::string& made_name,
             Difference& difference) {
  auto live = call.Find<Fact>(live_name);
  if (!live.ok()) return live.status();
  auto made = call.Find<Fact>(made_name);
  if (!made.ok()) return made.status();
  int64_t live_version = *live ? (*live)->subject_version() : 0;
  int64_t made_version = *made ? (*made)->subject_version() : 0;
  if (live_version < made_version) {
    ++difference.behind;
    return Status::Ok();
  }
  bool same = live_version == made_version && (!*live || Same(**live, **made));
  if constexpr (std::is_same_v<Fact, v1::DealFact>) {
    if (same && *live) {
      auto entries = SameEntries(call, **live, **made);
      if (!entries.ok()) return entries.status();
      same = *entries;
    }
  }
  if (!same) ++difference.different;
  return Status::Ok();
}

}  // namespace

Result<Difference> Compare(Call& call, int64_t live, int64_t made) {
  const RecordTypes& types = call.types();
  std::set<std::string> deals, leads;
  auto status = Collect(call, types.Of(v1::DealFact::descriptor()), {"deal"}, {live, made}, deals);
  if (!status.ok()) return status;
  status = Collect(call, types.Of(v1::StageEntryFact::descriptor()), {"deal", "stage"},
                   {live, made}, deals);
  if (!status.ok()) return status;
  status = Collect(call, types.Of(v1::LeadFact::descriptor()), {"lead"}, {live, made}, leads);
  if (!status.ok()) return status;
  Difference difference;
  for (const auto& deal : deals) {
    status = Judge<v1::DealFact>(call, DealFactName(types, live, deal),
                                 DealFactName(types, made, deal), difference);
    if (!status.ok()) return status;
  }
  for (const auto& lead : leads) {
    status = Judge<v1::LeadFact>(call, LeadFactName(types, live, lead),
                                 LeadFactName(types, made, lead), difference);
    if (!status.ok()) return status;
  }
  return difference;
}

}  // namespace crm::analytics
