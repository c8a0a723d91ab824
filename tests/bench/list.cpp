// M3: a page of a long list.
#include <stdexcept>

#include "crm/deals/v1/deal_service.pb.h"
#include "tests/bench/measurements.h"
#include "tests/bench/pgbench.h"

namespace crm::bench {
namespace {

constexpr char kList[] = "/crm.deals.v1.DealService/ListDeals";
constexpr int kPageSize = 50;
constexpr int kFarPage = 1000;

// A list, and the same by hand.
struct Shape {
  std::string name;
  std::string filter;
  std::string order_by;
  // Of the counterpart alone; empty: an index of ours is ideal.
  std::string index;
  std::string where;  // besides tenant and NOT deleted
  std::string order;
};

const std::vector<Shape>& Shapes() {
  static const std::vector<Shape> shapes = {
      {"by owner", "owner = \"users/00000000-0000-7000-8000-000000000001\" AND state = OPEN", "",
       "", "owner = 'users/00000000-0000-7000-8000-000000000001' AND state = 1", "id"},
      {"by amount", "state = OPEN", "amount_minor desc",
       "CREATE INDEX IF NOT EXISTS bench_by_amount ON deals (tenant, state, amount_minor DESC, id) "
       "WHERE NOT deleted",
       "state = 1", "amount_minor DESC, id"},
      {"by custom field", "custom_fields.width = wide", "",
       "CREATE INDEX IF NOT EXISTS bench_by_width ON deals (tenant, (amount_minor % 10 > 0), id) "
       "WHERE NOT deleted",
       "amount_minor % 10 > 0", "id"}};
  return shapes;
}

class Page {
 public:
  Page(Bench& bench, const Shape& shape, int number)
      : bench_(bench), tenant_(bench.rig.tenants().front()), shape_(shape) {
    request_.set_page_size(kPageSize);
    request_.set_filter(shape.filter);
    request_.set_order_by(shape.order_by);
    for (int i = 1; i < number; ++i) Turn();
    if (!shape.index.empty()) {
      bench.rig.QueryCounterpart(shape.index);
      bench.rig.QueryCounterpart("ANALYZE deals");
    }
  }

  Ask MakeAsk() const { return {kList, request_.SerializeAsString(), tenant_.key}; }

  // One row more than the page has, to know whether there is a next one.
  std::string Sql() const {
    return "SELECT id, version, occurred_at, body FROM deals WHERE tenant = '" + tenant_.id +
           "' AND NOT deleted AND " + shape_.where + After() + " ORDER BY " + shape_.order +
           " LIMIT " + std::to_string(kPageSize + 1) + ";\n";
  }

 private:
  void Turn() {
    deals::v1::ListDealsResponse page;
    if (!page.ParseFromString(bench_.load.Once(MakeAsk())) || page.deals_size() != kPageSize) {
      throw std::runtime_error("the list is too short");
    }
    last_ = page.deals(kPageSize - 1).name();
    request_.set_page_token(page.next_page_token());
  }

  // The row is the same on both sides.
  std::string After() const {
    if (last_.empty()) return "";
    const std::string id = last_.substr(last_.find('/') + 1);
    if (shape_.order == "id") return " AND id > '" + id + "'";
    const auto row = bench_.rig.Query("SELECT amount_minor FROM deals WHERE id = '" + id + "'");
    const std::string amount = std::to_string(row.GetInt(0, 0));
    return " AND amount_minor <= " + amount + " AND (amount_minor < " + amount + " OR id > '" + id +
           "')";
  }

  Bench& bench_;
  const Tenant& tenant_;
  const Shape& shape_;
  deals::v1::ListDealsRequest request_;
  std::string last_;
};

void MakePipelines(Bench& bench) {
  deals::v1::CreatePipelineRequest request;
  auto& pipeline = *request.mutable_pipeline();
  pipeline.set_display_name("Sales");
  pipeline.set_is_default(true);
  auto& stage = *pipeline.add_stages();
  stage.set_id("offer");
  stage.set_display_name("Offer");
  for (const auto& tenant : bench.rig.tenants()) {
    bench.load.Once(
        {"/crm.deals.v1.PipelineService/CreatePipeline", request.SerializeAsString(), tenant.key});
  }
}

// Nine deals in ten are wide: by hand an index over the very expression, for ours the rows that a
// custom field of each deal has in the index of such fields.
void FillCustomField(Bench& bench) {
  for (const char* sql :
       {"INSERT INTO custom_index (tenant, entity, field, value, id) SELECT tenant, 'deals', "
        "'custom_fields.width', CASE WHEN amount_minor % 10 > 0 THEN 'wide' ELSE 'narrow' END, id "
        "FROM deals",
        "ANALYZE custom_index"}) {
    bench.rig.Query(sql);
  }
}

}  // namespace

void MeasureList(Bench& bench, int64_t records) {
  MakePipelines(bench);
  Creation creation(bench.rig, bench.load, KindOf("deal"));
  creation.Fill(records);
  FillCustomField(bench);
  const double seconds = bench.effort.seconds;
  for (const auto& shape : Shapes()) {
    for (int number : {1, kFarPage}) {
      Page page(bench, shape, number);
      auto ours = [&] {
        return SliceOf(bench.load.Closed(1, seconds, [&](uint64_t) { return page.MakeAsk(); }));
      };
      auto sql = [&] {
        return RunPgbench(
            {.dsn = bench.rig.counterpart_dsn() + " options='-c search_path=crm_deals'",
             .script = page.Sql(),
             .clients = 1,
             .seconds = seconds,
             .folder = bench.rig.folder()});
      };
      bench.journal.RunPairs("M3", shape.name + " page " + std::to_string(number),
                             bench.effort.pairs, {{"ours", ours}, {"sql", sql}});
    }
  }
}

}  // namespace crm::bench
