#include "services/deals/report.h"

#include <map>
#include <set>
#include <tuple>

#include "crm/deals/v1/deal_events.pb.h"
#include "libs/command/access.h"
#include "libs/command/record_codec.h"

namespace crm::deals {

namespace {

using Request = v1::ReportPipelineRequest;

// State, currency, then the values of the dimensions.
using Group = std::tuple<int64_t, std::string, std::vector<std::string>>;
struct Total {
  int64_t count = 0;
  int64_t amount_minor = 0;
};
using Totals = std::map<Group, Total>;

// Deals whose visibility today is read at once.
constexpr size_t kTodayBatch = 500;

// What is counted: deals that match `wanted` (the request's filter and the caller's scope).
struct Question {
  const RecordType* type = nullptr;
  std::vector<std::string> fields;
  filter::CheckedFilter wanted;
  std::optional<filter::CheckedFilter> scope;
};

Result<Question> Ask(const Call& call, const Request& request) {
  Question question;
  question.type = &call.types().Of(v1::Deal::descriptor());
  for (int dimension : request.group_by()) {
    if (!Request::Dimension_IsValid(dimension) || dimension == Request::DIMENSION_UNSPECIFIED) {
      return InvalidField("group_by", "has an unknown dimension");
    }
    // A dimension has the name of its field.
    std::string field = Request::Dimension_Name(static_cast<Request::Dimension>(dimension));
    for (char& c : field) c = c == '_' ? c : static_cast<char>(c - 'A' + 'a');
    question.fields.push_back(field);
  }
  if (question.fields.empty()) question.fields = {"pipeline", "stage"};
  auto asked = filter::ParseAndCheck(request.filter(), question.type->filter_schema());
  if (!asked.ok()) return asked.status();
  auto scope = ScopeFilter(*question.type, call.principal(), call.context().action);
  if (!scope.ok()) return scope.status();
  question.scope = std::move(*scope);
  question.wanted = question.scope ? asked->And(*question.scope) : *asked;
  return question;
}

Result<Totals> TotalsToday(Call& call, const Question& question) {
  AggregateQuery query;
  query.type = question.type;
  query.tenant = call.tenant();
  query.filter = &question.wanted;
  query.now = call.now();
  query.group_by = {"state", "currency_code"};
  query.group_by.insert(query.group_by.end(), question.fields.begin(), question.fields.end());
  query.sum = "amount_minor";
  auto rows = call.store().Aggregate(query, call.stop());
  if (!rows.ok()) return rows.status();
  auto text = [](const ColumnValue& value) {
    const auto* content = std::get_if<std::string>(&value);
    return content == nullptr ? std::string() : *content;
  };
  Totals totals;
  for (const auto& row : *rows) {
    std::vector<std::string> values;
    for (size_t i = 2; i < row.group.size(); ++i) values.push_back(text(row.group[i]));
    const auto* state = std::get_if<int64_t>(&row.group[0]);
    totals[{state == nullptr ? 0 : *state, text(row.group[1]), std::move(values)}] = {row.count,
                                                                                      row.sum};
  }
  return totals;
}

// Adds up the last snapshot before the moment of every deal.
class Fold {
 public:
  Fold(Call& call, const Question& question) : call_(call), question_(question) {
    for (const auto& field : question.fields) {
      fields_.push_back(v1::Deal::descriptor()->FindFieldByName(field));
    }
    then_.now = call.context().past->second;
  }

  // False: stop, because of status().
  bool Visit(const kernel::v1::LogRow& row) {
    v1::DealEvent event;
    status_ = DecodeRecord(row.body(), event);
    if (!status_.ok()) return false;
    const v1::Deal& deal = event.deal();
    if (deal.has_delete_time() || !filter::Matches(question_.wanted, deal, then_)) return true;
    if (!question_.scope) {
      Add(deal);
      return true;
    }
    waiting_.push_back(deal);
    if (waiting_.size() >= kTodayBatch) Flush();
    return status_.ok();
  }

  Result<Totals> Take() {
    if (status_.ok()) Flush();
    if (!status_.ok()) return status_;
    return std::move(totals_);
  }

 private:
  void Add(const v1::Deal& deal) {
    std::vector<std::string> values;
    for (const auto* field : fields_) {
      values.push_back(deal.GetReflection()->GetString(deal, field));
    }
    Total& total = totals_[{deal.state(), deal.currency_code(), std::move(values)}];
    ++total.count;
    total.amount_minor += deal.amount_minor();
  }

  // Adds those that wait and that the caller may see today as well.
  void Flush() {
    std::vector<Uuid> ids;
    for (const auto& deal : waiting_) ids.push_back(*question_.type->ParseName(deal.name()));
    std::set<std::string> visible;
    if (!ids.empty()) {
      auto stored = call_.store().GetMany(*question_.type, call_.tenant(), ids, call_.stop());
      status_ = stored.status();
      if (!status_.ok()) return;
      filter::EvalContext today;
      today.now = call_.now();
      for (const auto& record : *stored) {
        v1::Deal deal;
        status_ = DecodeRecord(record.body, deal);
        if (!status_.ok()) return;
        if (filter::Matches(*question_.scope, deal, today)) visible.insert(deal.name());
      }
    }
    for (const auto& deal : waiting_) {
      if (visible.contains(deal.name())) Add(deal);
    }
    waiting_.clear();
  }

  Call& call_;
  const Question& question_;
  filter::EvalContext then_;
  std::vector<const google::protobuf::FieldDescriptor*> fields_;
  std::vector<v1::Deal> waiting_;
  Totals totals_;
  Status status_;
};

Result<Totals> TotalsThen(Call& call, const Question& question) {
  Fold fold(call, question);
  const auto& [timeline, moment] = *call.context().past;
  auto status = call.store().ForEachLogRowAt(
      *question.type, call.tenant(), timeline, moment,
      [&fold](const kernel::v1::LogRow& row) { return fold.Visit(row); }, call.stop());
  if (!status.ok()) return status;
  return fold.Take();
}

}  // namespace

Result<v1::ReportPipelineResponse> ReportPipeline(Call& call, const Request& request) {
  auto question = Ask(call, request);
  if (!question.ok()) return question.status();
  auto totals = call.context().past ? TotalsThen(call, *question) : TotalsToday(call, *question);
  if (!totals.ok()) return totals.status();
  v1::ReportPipelineResponse response;
  for (const auto& [key, total] : *totals) {
    auto& group = *response.add_groups();
    group.set_state(static_cast<v1::Deal::State>(std::get<0>(key)));
    group.set_currency_code(std::get<1>(key));
    for (const auto& value : std::get<2>(key)) group.add_values(value);
    group.set_deal_count(total.count);
    group.set_amount_minor(total.amount_minor);
  }
  return response;
}

}  // namespace crm::deals
