// What one `crmctl import` does, in order: record files and mappings with their sources.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/crmctl/mapping.h"

namespace crm::ctl {

// One of the two is set.
struct ImportStep {
  // Text of a record file; see tools/crmctl/record_file.h.
  std::optional<std::string> records;
  std::optional<Mapping> mapping;
  std::string name;
  // The CSV file of the mapping.
  std::string source;
};

// `path` is a mapping for the file `source`, or a plan for the folder `source`:
//
//   imports:
//     - {records: before.yaml}
//     - {mapping: accounts.yaml, source: accounts.csv}
//
// where the YAML files lie beside the plan and the sources in the folder.
Result<std::vector<ImportStep>> ReadImportPlan(const std::string& path, const std::string& source);

}  // namespace crm::ctl
