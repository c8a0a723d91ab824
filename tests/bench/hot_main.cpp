// crm-bench-hot: what a call costs this process, in instructions: the hot paths on a MemoryStore,
// without a network, and beside each the least that its bytes cost anybody. Run by
// tools/lib/bench_smoke.py under callgrind, which counts each path by its name; the same program
// gives the same counts.
//
//   crm-bench-hot [--plant PATH]
//
// --plant makes the path half as slow again, to see that the gate notices.
#include <valgrind/callgrind.h>

#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>

#include "crm/leads/v1/lead_events.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "libs/command/record_codec.h"
#include "libs/entity/page_tokens.h"
#include "libs/events/cloud_event.h"
#include "libs/filter/evaluate.h"
#include "libs/testing/call_harness.h"
#include "services/leads/module.h"
#include "tests/bench/must.h"

namespace crm::bench {
namespace {

using google::protobuf::Message;
using leads::v1::Lead;

constexpr int kTimes = 40;
constexpr int kRecords = 60;
constexpr int kPage = 50;

// Nobody else answers.
class Nobody final : public RemoteReader {
 public:
  Status Read(const Principal&, const std::string&, const Message&, Message&,
              std::stop_token) override {
    return Unavailable("NOBODY", "There is nobody.");
  }
};

template <class T>
T Parsed(const std::string& bytes) {
  T message;
  if (!message.ParseFromString(bytes)) throw std::runtime_error("bytes of another message");
  return message;
}

class HotPaths {
 public:
  explicit HotPaths(std::string plant) : plant_(std::move(plant)) {
    service_.Bind(leads::Methods(service_.types(), settings_));
    for (int i = 0; i < kRecords; ++i) lead_ = Create();
  }

  void Run() {
    Get();
    List();
    Filter();
    EncodeEvent();
    CreateMore();
  }

 private:
  // Counts one path: callgrind's counts since the last one are dumped under its name.
  void Count(const std::string& name, const std::function<void()>& work) {
    work();  // what is made once is made now
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
    for (int i = 0; i < kTimes; ++i) {
      work();
      if (name == plant_ && i % 2 == 0) work();
    }
    CALLGRIND_DUMP_STATS_AT(name.c_str());
    CALLGRIND_STOP_INSTRUMENTATION;
  }

  static leads::v1::CreateLeadRequest Request(int number) {
    leads::v1::CreateLeadRequest request;
    request.set_request_id("request " + std::to_string(number));
    auto& lead = *request.mutable_lead();
    lead.set_display_name("Miriam Bench " + std::to_string(number));
    lead.set_company_name("Example Works");
    lead.set_campaign(number % 2 == 0 ? "spring" : "autumn");
    lead.set_interest(std::string(300, 'i'));
    return request;
  }

  Lead Create() { return Must(service_.Call<Lead>("CreateLead", Request(++created_))); }

  void CreateMore() {
    const std::string request = Request(0).SerializeAsString();
    const std::string event = service_.Log().back().body();
    Count("create", [&] { Create(); });
    // Parse the request, serialise the answer and the event.
    const auto message = Parsed<leads::v1::LeadEvent>(event);
    Count("create.bare", [&] {
      Parsed<leads::v1::CreateLeadRequest>(request);
      bytes_ += lead_.SerializeAsString().size() + message.SerializeAsString().size();
    });
  }

  void Get() {
    leads::v1::GetLeadRequest request;
    request.set_name(lead_.name());
    const std::string asked = request.SerializeAsString();
    const std::string stored = EncodeRecord(lead_);
    Count("get", [&] { Must(service_.Call<Lead>("GetLead", request)); });
    // Parse the request and the record, serialise the answer.
    Count("get.bare", [&] {
      Parsed<leads::v1::GetLeadRequest>(asked);
      bytes_ += Parsed<Lead>(stored).SerializeAsString().size();
    });
  }

  void List() {
    leads::v1::ListLeadsRequest request;
    request.set_page_size(kPage);
    request.set_order_by("display_name");
    const std::string asked = request.SerializeAsString();
    const auto page = Must(service_.Call<leads::v1::ListLeadsResponse>("ListLeads", request));
    if (page.leads_size() != kPage) throw std::runtime_error("the page is not full");
    Count("list", [&] { Must(service_.Call<leads::v1::ListLeadsResponse>("ListLeads", request)); });
    std::vector<std::string> stored;
    for (const auto& lead : page.leads()) stored.push_back(EncodeRecord(lead));
    Count("list.bare", [&] {
      Parsed<leads::v1::ListLeadsRequest>(asked);
      leads::v1::ListLeadsResponse response;
      for (const auto& body : stored) *response.add_leads() = Parsed<Lead>(body);
      bytes_ += response.SerializeAsString().size();
    });
  }

  void Filter() {
    const auto& schema = service_.type(Lead::descriptor()).filter_schema();
    const auto filter = Must(filter::ParseAndCheck(
        "state = NEW AND (campaign = \"spring\" OR campaign = \"autumn\") AND "
        "company_name = \"Example Works\"",
        schema));
    Count("filter", [&] { bytes_ += filter::Matches(filter, lead_) ? 1 : 0; });
    const Lead& lead = lead_;
    Count("filter.bare", [&] {
      bool fits = lead.state() == Lead::NEW &&
                  (lead.campaign() == "spring" || lead.campaign() == "autumn") &&
                  lead.company_name() == "Example Works";
      bytes_ += fits ? 1 : 0;
    });
  }

  void EncodeEvent() {
    const auto row = service_.Log().back();
    Count("event",
          [&] { bytes_ += events::ToCloudEvent(row, "leads", "crm.leads.v1").value.size(); });
    Count("event.bare", [&] { bytes_ += row.SerializeAsString().size(); });
  }

  const std::string plant_;
  const entity::PageTokens tokens_ = Must(entity::PageTokens::Create(std::string(32, 'k')));
  const entity::Settings settings_ = [this] {
    entity::Settings settings;
    settings.page_tokens = &tokens_;
    return settings;
  }();
  Nobody nobody_;
  test::CallHarness service_{leads::Records(), {.remote = &nobody_}};
  Lead lead_;
  int created_ = 0;
  size_t bytes_ = 0;  // so that no work is left out as useless
};

}  // namespace
}  // namespace crm::bench

int main(int argc, char** argv) {
  try {
    crm::bench::HotPaths(argc == 3 ? argv[2] : "").Run();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "crm-bench-hot: %s\n", error.what());
    return 1;
  }
}
