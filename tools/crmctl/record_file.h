// Records written down in a YAML file: a demo company, or what must be there before an import.
//
//   - collection: departments
//     key: display_name            # the field by which a record is found again
//     records:
//       - {$as: sales, display_name: Sales}
//   - collection: users
//     key: external_id
//     records:
//       - {external_id: demo/dana, display_name: Dana, department: !ref sales}
//   - collection: deals
//     key: external_id
//     records:
//       - external_id: demo/1
//         display_name: Windows for Dana
//         $then: [{verb: move, unless: {stage: offer}, set: {stage: offer}}]
//   - call: crm.leads.v1.LeadSettingsService/UpdateLeadSettings
//     request: {lead_settings: {...}}
//
// `$as` names a record for `!ref` further down; `$then` lists verbs as in tools/crmctl/mapping.h. A
// call is made every time and must do nothing the second time.
#pragma once

#include <string>

#include "tools/crmctl/importer.h"
#include "tools/crmctl/references.h"
#include "tools/crmctl/remote.h"

namespace crm::ctl {

struct RecordFileOptions {
  // Stands in messages and in request ids.
  std::string name;
  bool dry_run = false;
};

// Creates what is missing and updates what is different, in the file's order, and stops at the
// first refusal. A usage error says what is wrong with the file.
Result<ImportCounts> PutRecords(Remote& remote, References& references, const std::string& yaml,
                                const RecordFileOptions& options);

}  // namespace crm::ctl
