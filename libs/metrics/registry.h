// Registry: counters, gauges and histograms of one process in Prometheus' text format. No globals:
// the composition root owns one Registry and passes it by reference.
//
//   metrics::CounterFamily calls = registry.AddCounter(
//       {.name = "crm_rpc_calls_total", .help = "Calls that ended.", .labels = {"method",
//       "code"}});
//   calls.With({"GetLead", "OK"}).Add();
//
// A family is added once per name; adding it again with the same kind and labels gives the same
// family, so that several modules of one process can share it. Adding it with others, a counter
// that does not end with _total, a gauge or histogram that does, or a wrong number of label values
// is a defect of the program and ends it with a message.
//
// The number of series is bounded: above `max_series` every new combination of label values is
// counted under "other" (each label), and crm_metrics_collapsed_total{metric} says that it
// happened.
//
// Everything here is thread-safe. Families and handles are small values, valid as long as the
// registry. Keep a handle where the label values are known beforehand: it costs one atomic
// operation, With() a look-up under a shared lock.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/metrics/name.h"

namespace crm::metrics {

using LabelValues = std::initializer_list<std::string_view>;

// Only goes up. A handle made by default counts nothing, as do those of the other kinds.
class Counter {
 public:
  struct Cell;
  explicit Counter(Cell* cell = nullptr) : cell_(cell) {}
  void Add(double amount = 1) const;
  double value() const;

 private:
  Cell* cell_;
};

class Gauge {
 public:
  struct Cell;
  explicit Gauge(Cell* cell = nullptr) : cell_(cell) {}
  void Set(double value) const;
  void Add(double amount) const;
  double value() const;

 private:
  Cell* cell_;
};

class Histogram {
 public:
  struct Cell;
  explicit Histogram(Cell* cell = nullptr) : cell_(cell) {}
  void Observe(double value) const;
  // In seconds.
  void Observe(Duration value) const { Observe(std::chrono::duration<double>(value).count()); }

 private:
  Cell* cell_;
};

class CounterFamily {
 public:
  struct Series;
  explicit CounterFamily(Series* series) : series_(series) {}
  // Values in the order of the family's labels.
  Counter With(LabelValues values) const;

 private:
  Series* series_;
};

class GaugeFamily {
 public:
  struct Series;
  explicit GaugeFamily(Series* series) : series_(series) {}
  Gauge With(LabelValues values) const;

 private:
  Series* series_;
};

class HistogramFamily {
 public:
  struct Series;
  explicit HistogramFamily(Series* series) : series_(series) {}
  Histogram With(LabelValues values) const;

 private:
  Series* series_;
};

struct Description {
  MetricName name;
  std::string_view help;  // one sentence, shown in the metric's catalogue
  std::vector<LabelName> labels = {};
  size_t max_series = 200;
};

// Upper bounds for latencies: 0.5 ms to 10 s.
std::vector<double> SecondsBuckets();
// Upper bounds for how many are handled at once: 1 to 1024, doubling.
std::vector<double> CountBuckets();

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  CounterFamily AddCounter(const Description& description);
  GaugeFamily AddGauge(const Description& description);
  // `bounds` are the upper bounds of the buckets, rising; +Inf is added.
  HistogramFamily AddHistogram(const Description& description, std::vector<double> bounds);

  // Runs `refresh` before each Expose() while the returned token lives, for gauges that are cheap
  // to ask and dear to keep. It must not block. Once the token is gone `refresh` is not running and
  // never runs again; do not drop it inside `refresh`.
  [[nodiscard]] std::shared_ptr<void> OnExpose(std::function<void()> refresh);

  // All metrics in Prometheus' text format 0.0.4.
  std::string Expose();

 private:
  struct Core;
  const std::unique_ptr<Core> core_;
};

}  // namespace crm::metrics
