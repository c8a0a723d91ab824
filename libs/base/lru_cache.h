// LruCache: values by key, the longest unused of which leave when their sizes exceed a limit.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace crm {

// Thread-safe. Values are copied out.
template <class Key, class Value, class Hash = std::hash<Key>>
class LruCache {
 public:
  // In the unit of the sizes that are given to Put.
  explicit LruCache(size_t limit) : limit_(limit) {}

  std::optional<Value> Find(const Key& key) {
    std::lock_guard lock(mutex_);
    auto found = known_.find(key);
    if (found == known_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  // Replaces what was there. What is larger than the limit is not kept.
  void Put(const Key& key, Value value, size_t size) {
    std::lock_guard lock(mutex_);
    auto found = known_.find(key);
    if (found != known_.end()) Remove(found->second);
    if (size > limit_) return;
    entries_.push_front({key, std::move(value), size});
    known_[key] = entries_.begin();
    used_ += size;
    while (used_ > limit_) Remove(std::prev(entries_.end()));
  }

  void Forget(const Key& key) {
    std::lock_guard lock(mutex_);
    auto found = known_.find(key);
    if (found != known_.end()) Remove(found->second);
  }

 private:
  struct Entry {
    Key key;
    Value value;
    size_t size;
  };
  using Entries = std::list<Entry>;

  // REQUIRES(mutex_)
  void Remove(typename Entries::iterator entry) {
    used_ -= entry->size;
    known_.erase(entry->key);
    entries_.erase(entry);
  }

  const size_t limit_;
  std::mutex mutex_;
  Entries entries_;  // GUARDED_BY(mutex_), last used first
  std::unordered_map<Key, typename Entries::iterator, Hash> known_;  // GUARDED_BY(mutex_)
  size_t used_ = 0;                                                  // GUARDED_BY(mutex_)
};

}  // namespace crm
