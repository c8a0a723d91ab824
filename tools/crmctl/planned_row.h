// What an import has found out of a row of its file, and what became of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/crmctl/collection.h"
#include "tools/crmctl/mapping.h"
#include "tools/crmctl/references.h"

namespace crm::ctl {

// Why a row, or a later step of it, was refused.
struct Rejection {
  // From 1, without the header.
  int64_t row = 0;
  size_t line = 0;
  std::string field;
  std::string reason;
  std::string message;
  // What became of the row all the same: "created", "updated"; empty: nothing was stored.
  std::string stored = "";
};

// A value that is ready but for its lookup.
struct PlannedValue {
  const ValueRule* rule = nullptr;
  std::string text;

  std::optional<Reference> reference() const {
    if (rule->lookup_collection.empty()) return std::nullopt;
    return Reference{rule->lookup_collection, rule->lookup_by, text};
  }
};

struct PlannedRow {
  int64_t row = 0;
  size_t line = 0;
  std::vector<PlannedValue> fields;
  std::vector<PlannedValue> create;
  std::vector<std::pair<const VerbRule*, std::vector<PlannedValue>>> verbs;
  Wanted wanted;
  // Refers to a record that only a real run would have created.
  bool hangs_in_the_air = false;
  std::optional<Rejection> rejection;
  // A failure that is not the row's fault.
  Status failure;
  PutResult result;

  void Reject(const std::string& field, const std::string& reason, const std::string& message) {
    if (!rejection) rejection = Rejection{row, line, field, reason, message};
  }
  void Reject(const std::string& field, const Status& status) {
    const auto& violations = status.field_violations();
    Reject(violations.empty() || !field.empty() ? field : violations.front().field, status.reason(),
           violations.empty() ? status.message() : violations.front().description);
  }
};

}  // namespace crm::ctl
