// References: which record a key of the source means, asked for in bulk and kept.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "tools/crmctl/collection.h"
#include "tools/crmctl/mapping.h"

namespace crm::ctl {

// Not thread-safe; the collections that it gives out are.
class References {
 public:
  explicit References(Remote& remote) : remote_(remote) {}

  // The collection, opened once.
  Result<const Collection*> Open(const std::string& collection, const std::string& by);
  // From now on the keys of this collection are worth keeping.
  Status Use(const std::string& collection, const std::string& by);

  // Asks for those of `wanted` that are not known yet.
  Status Fetch(const std::set<Reference>& wanted);
  // The record's name; null where there is none; empty where a dry run would have created it.
  const std::string* Find(const Reference& reference) const;
  // A record that was put, or that a dry run would have put (with an empty name).
  void Learn(const Reference& reference, const std::string& name);

 private:
  // Names are forgotten behind this many, so that memory does not grow with the source.
  static constexpr size_t kMaxNames = 50000;
  using CollectionKey = std::pair<std::string, std::string>;

  Remote& remote_;
  std::map<CollectionKey, std::unique_ptr<Collection>> collections_;
  std::set<CollectionKey> used_;
  std::map<Reference, std::string> names_;
  // Keys that a dry run would have created: they can be asked for nowhere.
  std::set<Reference> planned_;
};

}  // namespace crm::ctl
