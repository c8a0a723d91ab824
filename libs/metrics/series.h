// The series of one family: from label values to the cell that counts them. Private to
// libs/metrics.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "libs/metrics/registry.h"

namespace crm::metrics {

struct Counter::Cell {
  prometheus::Counter& metric;
};
struct Gauge::Cell {
  prometheus::Gauge& metric;
};
struct Histogram::Cell {
  prometheus::Histogram& metric;
};

// Ends the program with a message where the program itself is wrong.
inline void Require(bool condition, std::string_view name, const char* rule) {
  if (condition) return;
  std::fprintf(stderr, "metric %.*s: %s\n", static_cast<int>(name.size()), name.data(), rule);
  std::abort();
}

// Thread-safe.
template <class Metric, class Cell>
class SeriesMap {
 public:
  using AddSeries = std::function<Metric&(const prometheus::Labels&)>;

  SeriesMap(const Description& description, AddSeries add, std::function<void()> on_collapse)
      : name_(description.name.text()),
        labels_(description.labels),
        max_series_(description.max_series),
        add_(std::move(add)),
        on_collapse_(std::move(on_collapse)) {}

  bool HasLabels(const std::vector<LabelName>& labels) const {
    return std::equal(labels.begin(), labels.end(), labels_.begin(), labels_.end(),
                      [](LabelName a, LabelName b) { return a.text() == b.text(); });
  }

  Cell* Find(LabelValues values) {
    Require(values.size() == labels_.size(), name_, "wrong number of label values");
    std::string key;
    for (auto value : values) key.append(value).append(1, '\0');
    {
      std::shared_lock lock(mutex_);
      auto found = by_values_.find(key);
      if (found != by_values_.end()) return found->second;
    }
    std::unique_lock lock(mutex_);
    auto found = by_values_.find(key);
    if (found != by_values_.end()) return found->second;
    if (by_values_.size() < max_series_) return by_values_[std::move(key)] = Create(values);
    on_collapse_();
    if (other_ == nullptr) other_ = Create(std::vector<std::string_view>(labels_.size(), "other"));
    return other_;
  }

 private:
  Cell* Create(const std::vector<std::string_view>& values) {
    prometheus::Labels labels;
    for (size_t i = 0; i < values.size(); ++i) labels.emplace(labels_[i].text(), values[i]);
    return &cells_.emplace_back(Cell{add_(labels)});
  }

  const std::string name_;
  const std::vector<LabelName> labels_;
  const size_t max_series_;
  const AddSeries add_;
  const std::function<void()> on_collapse_;
  std::shared_mutex mutex_;
  std::unordered_map<std::string, Cell*> by_values_;  // GUARDED_BY(mutex_)
  std::deque<Cell> cells_;                            // GUARDED_BY(mutex_); addresses never change
  Cell* other_ = nullptr;                             // GUARDED_BY(mutex_)
};

struct CounterFamily::Series : SeriesMap<prometheus::Counter, Counter::Cell> {
  using SeriesMap::SeriesMap;
};
struct GaugeFamily::Series : SeriesMap<prometheus::Gauge, Gauge::Cell> {
  using SeriesMap::SeriesMap;
};
struct HistogramFamily::Series : SeriesMap<prometheus::Histogram, Histogram::Cell> {
  using SeriesMap::SeriesMap;
};

}  // namespace crm::metrics
