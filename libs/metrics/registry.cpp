#include "libs/metrics/registry.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

#include "libs/metrics/series.h"

namespace crm::metrics {

namespace {

// The families of one kind, by name.
template <class Series>
using Families = std::map<std::string, std::unique_ptr<Series>, std::less<>>;

// What OnExpose() was given. The lock is held while it runs, so that dropping the token waits for
// it.
struct Refresh {
  std::mutex mutex;
  std::function<void()> run;  // GUARDED_BY(mutex); empty: its token is gone
};

}  // namespace

struct Registry::Core {
  bool Exists(const std::string& name) const {
    return counters.contains(name) || gauges.contains(name) || histograms.contains(name);
  }

  // The family of that name, made by `builder` where it is new. `args` go to each new series.
  template <class Series, class Builder, class... Args>
  Series* Add(Families<Series>& families, const Description& description, Builder builder,
              Args... args) {
    std::string name(description.name.text());
    std::lock_guard lock(mutex);
    auto found = families.find(name);
    if (found != families.end()) {
      Require(found->second->HasLabels(description.labels), name, "exists with other labels");
      return found->second.get();
    }
    Require(!Exists(name), name, "exists with another kind");
    auto& family = builder.Name(name).Help(std::string(description.help)).Register(prometheus);
    auto series = std::make_unique<Series>(
        description, [&family, args... ](const prometheus::Labels& labels) -> auto& {
          return family.Add(labels, args...);
        },
        [this, name] {
          collapsed.Add({{"metric", name}}).Increment();
        });
    return families.emplace(name, std::move(series)).first->second.get();
  }

  prometheus::Registry prometheus;
  prometheus::Family<prometheus::Counter>& collapsed =
      prometheus::BuildCounter()
          .Name("crm_metrics_collapsed_total")
          .Help("Look-ups of a series above its family's bound, counted under \"other\".")
          .Register(prometheus);
  std::mutex mutex;
  Families<CounterFamily::Series> counters;         // GUARDED_BY(mutex)
  Families<GaugeFamily::Series> gauges;             // GUARDED_BY(mutex)
  Families<HistogramFamily::Series> histograms;     // GUARDED_BY(mutex)
  std::vector<std::shared_ptr<Refresh>> refreshes;  // GUARDED_BY(mutex)
};

void Counter::Add(double amount) const {
  if (cell_ != nullptr) cell_->metric.Increment(amount);
}

double Counter::value() const {
  return cell_ == nullptr ? 0 : cell_->metric.Value();
}

void Gauge::Set(double value) const {
  if (cell_ != nullptr) cell_->metric.Set(value);
}

void Gauge::Add(double amount) const {
  if (cell_ != nullptr) cell_->metric.Increment(amount);
}

double Gauge::value() const {
  return cell_ == nullptr ? 0 : cell_->metric.Value();
}

void Histogram::Observe(double value) const {
  if (cell_ != nullptr) cell_->metric.Observe(value);
}

Counter CounterFamily::With(LabelValues values) const {
  return Counter(series_->Find(values));
}

Gauge GaugeFamily::With(LabelValues values) const {
  return Gauge(series_->Find(values));
}

Histogram HistogramFamily::With(LabelValues values) const {
  return Histogram(series_->Find(values));
}

std::vector<double> SecondsBuckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

std::vector<double> CountBuckets() {
  return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
}

Registry::Registry() : core_(std::make_unique<Core>()) {}

Registry::~Registry() = default;

CounterFamily Registry::AddCounter(const Description& description) {
  std::string_view name = description.name.text();
  Require(name.ends_with("_total"), name, "a counter ends with _total");
  return CounterFamily(core_->Add(core_->counters, description, prometheus::BuildCounter()));
}

GaugeFamily Registry::AddGauge(const Description& description) {
  std::string_view name = description.name.text();
  Require(!name.ends_with("_total"), name, "only a counter ends with _total");
  return GaugeFamily(core_->Add(core_->gauges, description, prometheus::BuildGauge()));
}

HistogramFamily Registry::AddHistogram(const Description& description, std::vector<double> bounds) {
  std::string_view name = description.name.text();
  Require(!name.ends_with("_total"), name, "only a counter ends with _total");
  return HistogramFamily(
      core_->Add(core_->histograms, description, prometheus::BuildHistogram(), std::move(bounds)));
}

std::shared_ptr<void> Registry::OnExpose(std::function<void()> refresh) {
  auto entry = std::make_shared<Refresh>();
  entry->run = std::move(refresh);
  std::lock_guard lock(core_->mutex);
  core_->refreshes.push_back(entry);
  return std::shared_ptr<void>(nullptr, [entry](void*) {
    std::lock_guard running(entry->mutex);
    entry->run = nullptr;
  });
}

std::string Registry::Expose() {
  std::vector<std::shared_ptr<Refresh>> refreshes;
  {
    std::lock_guard lock(core_->mutex);
    refreshes = core_->refreshes;
  }
  for (const auto& refresh : refreshes) {
    std::lock_guard running(refresh->mutex);
    if (refresh->run) refresh->run();
  }
  return prometheus::TextSerializer().Serialize(core_->prometheus.Collect());
}

}  // namespace crm::metrics
