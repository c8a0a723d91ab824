#include "tools/crmctl/importer.h"

#include <algorithm>
#include <optional>
#include <set>

#include "tools/crmctl/field_value.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

Importer::Importer(Remote& remote, References& references, const Mapping& mapping,
                   const ImportOptions& options, ImportCallbacks callbacks)
    : remote_(remote),
      references_(references),
      mapping_(mapping),
      options_(options),
      callbacks_(std::move(callbacks)) {
  has_later_ = std::ranges::any_of(mapping.fields, &ValueRule::later);
}

Status Importer::Open() {
  auto opened = references_.Open(mapping_.collection, mapping_.key.path);
  if (!opened) return opened.status();
  collection_ = *opened;
  for (const auto& verb : mapping_.verbs) {
    if (Status has = collection_->CheckVerb(verb.verb); !has.ok()) return has;
  }
  for (const auto* rule : RulesOf(mapping_)) {
    if (rule->lookup_collection.empty()) continue;
    Status used = references_.Use(rule->lookup_collection, rule->lookup_by);
    if (!used.ok()) return used;
  }
  return Status::Ok();
}

Result<ImportCounts> Importer::Run(const std::function<std::unique_ptr<std::istream>()>& open) {
  for (bool later : {false, true}) {
    if (later && !has_later_) break;
    auto in = open();
    if (in == nullptr || !*in) return Usage("The file of " + mapping_.name + " cannot be read.");
    if (Status done = RunPass(*in, later); !done.ok()) return done;
  }
  auto count = [this](RowOutcome outcome) { return counts_[static_cast<size_t>(outcome)]; };
  return ImportCounts{count(RowOutcome::kCreated), count(RowOutcome::kUpdated),
                      count(RowOutcome::kUnchanged), count(RowOutcome::kRejected), incomplete_};
}

Result<Row::Columns> Importer::ReadHeader(CsvReader& reader) const {
  std::vector<std::string> header;
  auto read = reader.Next(header);
  if (!read) return read.status();
  Row::Columns columns;
  for (size_t i = 0; i < header.size(); ++i) columns.emplace(header[i], i);
  std::set<std::string> needed;
  for (const auto* rule : RulesOf(mapping_)) {
    if (!rule->column.empty()) needed.insert(rule->column);
    if (rule->when) needed.insert(rule->when->column);
  }
  for (const auto& verb : mapping_.verbs) {
    if (verb.when) needed.insert(verb.when->column);
  }
  for (const auto& column : needed) {
    if (columns.count(column) != 0) continue;
    return Usage("The file has no column '" + column + "', which mapping " + mapping_.name +
                 " needs.");
  }
  return columns;
}

Status Importer::RunPass(std::istream& in, bool later) {
  CsvReader reader(in);
  auto columns = ReadHeader(reader);
  if (!columns) return columns.status();
  std::vector<std::string> cells;
  std::vector<PlannedRow> batch;
  for (int64_t row = 1;; ++row) {
    auto read = reader.Next(cells);
    if (!read) return read.status();
    if (*read) {
      PlannedRow planned;
      if (cells.size() == columns->size()) planned = Plan(Row(*columns, cells), later);
      planned.row = row;
      planned.line = reader.line();
      if (cells.size() != columns->size()) {
        planned.Reject("", "CELL_COUNT",
                       "has " + std::to_string(cells.size()) + " cells instead of " +
                           std::to_string(columns->size()));
      } else if (planned.rejection) {
        planned.rejection->row = row;
        planned.rejection->line = reader.line();
      }
      if (!later || !planned.fields.empty()) batch.push_back(std::move(planned));
    }
    if (batch.size() >= options_.batch_rows || !*read) {
      if (Status put = PutBatch(batch, later); !put.ok()) return put;
      if (callbacks_.progress) callbacks_.progress(reader.bytes_read(), row - (*read ? 0 : 1));
      batch.clear();
    }
    if (!*read) return Status::Ok();
  }
}

void Importer::PlanFields(const Row& row, bool later, PlannedRow& planned) const {
  auto plan = [&](const std::vector<ValueRule>& rules, std::vector<PlannedValue>& values,
                  auto&& wanted) {
    for (const auto& rule : rules) {
      if (!wanted(rule)) continue;
      auto text = Apply(rule, row);
      if (!text) {
        planned.Reject(rule.path, text.status());
      } else if (!text->empty()) {
        values.push_back({&rule, *std::move(text)});
      }
    }
  };
  auto all = [](const ValueRule&) { return true; };
  plan(mapping_.fields, planned.fields,
       [later](const ValueRule& rule) { return rule.later == later; });
  if (later) return;
  plan(mapping_.create, planned.create, all);
  for (const auto& verb : mapping_.verbs) {
    if (!Fits(verb.when, row)) continue;
    plan(verb.set, planned.verbs.emplace_back(&verb, std::vector<PlannedValue>()).second, all);
  }
}

PlannedRow Importer::Plan(const Row& row, bool later) const {
  PlannedRow planned;
  auto key = Apply(mapping_.key, row);
  if (key) {
    planned.wanted.key = *key;
  } else {
    planned.Reject(mapping_.key.path, key.status());
  }
  PlanFields(row, later, planned);
  return planned;
}

Status Importer::Resolve(std::vector<PlannedRow>& batch) {
  std::set<Reference> wanted;
  auto collect = [&wanted](const std::vector<PlannedValue>& values) {
    for (const auto& value : values) {
      if (auto reference = value.reference()) wanted.insert(*reference);
    }
  };
  for (const auto& row : batch) {
    if (row.rejection) continue;
    collect(row.fields);
    collect(row.create);
    for (const auto& [verb, values] : row.verbs) collect(values);
  }
  return references_.Fetch(wanted);
}

void Importer::Build(PlannedRow& row) const {
  auto text_of = [&](const PlannedValue& value) -> std::string {
    auto reference = value.reference();
    if (!reference) return value.text;
    const auto* name = references_.Find(*reference);
    if (name == nullptr) {
      row.Reject(value.rule->path, "LOOKUP_FAILED",
                 "there is no record in " + reference->collection + " whose " + reference->by +
                     " is '" + value.text + "'");
    } else if (name->empty()) {
      row.hangs_in_the_air = true;
    }
    return name == nullptr ? "" : *name;
  };
  auto assignments = [&](const std::vector<PlannedValue>& values) {
    std::vector<Assignment> set;
    for (const auto& value : values) set.push_back({value.rule->path, text_of(value)});
    return set;
  };
  row.wanted.record = collection_->NewRecord();
  auto fields = assignments(row.fields);
  fields.push_back({mapping_.key.path, row.wanted.key});
  for (const auto& field : fields) {
    if (field.text.empty()) continue;
    Status set = SetValue(*row.wanted.record, field.path, field.text);
    if (!set.ok()) row.Reject(field.path, set);
  }
  row.wanted.create = assignments(row.create);
  for (const auto& [verb, values] : row.verbs) {
    row.wanted.verbs.push_back({verb->verb, assignments(values), verb->unless});
  }
}

Importer::RowFate Importer::Settle(const PlannedRow& row, bool later) {
  constexpr std::array kOutcomes = {RowOutcome::kUnchanged, RowOutcome::kCreated,
                                    RowOutcome::kUpdated};
  auto index = static_cast<size_t>(row.row - 1);
  RowFate before = later ? fates_.at(index) : RowFate();
  RowFate fate = before;
  // What was created stays so whatever is done to it later in the run.
  if (before.outcome != RowOutcome::kCreated && row.result.outcome != Outcome::kUnchanged) {
    fate.outcome = kOutcomes[static_cast<size_t>(row.result.outcome)];
  }
  if (row.rejection) {
    fate.incomplete = fate.outcome != RowOutcome::kUnchanged;
    if (!fate.incomplete) fate.outcome = RowOutcome::kRejected;
  }
  if (later) --counts_[static_cast<size_t>(before.outcome)];
  ++counts_[static_cast<size_t>(fate.outcome)];
  incomplete_ += static_cast<int64_t>(fate.incomplete) - static_cast<int64_t>(before.incomplete);
  if (has_later_) fates_.resize(std::max(fates_.size(), index + 1));
  if (has_later_) fates_[index] = fate;
  return fate;
}

Status Importer::Count(const std::vector<PlannedRow>& batch, bool later) {
  for (const auto& row : batch) {
    if (!row.failure.ok()) return row.failure;
    RowFate fate = Settle(row, later);
    if (row.rejection && callbacks_.rejected) {
      Rejection told = *row.rejection;
      if (fate.incomplete) {
        told.stored = fate.outcome == RowOutcome::kCreated ? "created" : "updated";
      }
      callbacks_.rejected(told);
    }
    bool known = row.result.outcome == Outcome::kCreated || !row.result.name.empty();
    if (!known) continue;
    references_.Learn({mapping_.collection, mapping_.key.path, row.wanted.key}, row.result.name);
  }
  return Status::Ok();
}

Status Importer::PutBatch(std::vector<PlannedRow>& batch, bool later) {
  if (later) {
    // Their rejection has been told.
    std::erase_if(batch, [this](const PlannedRow& row) {
      return fates_.at(static_cast<size_t>(row.row - 1)).outcome == RowOutcome::kRejected;
    });
  }
  if (Status resolved = Resolve(batch); !resolved.ok()) return resolved;
  for (auto& row : batch) {
    if (!row.rejection) Build(row);
  }
  if (Status put = PutRows(batch, later); !put.ok()) return put;
  return Count(batch, later);
}

}  // namespace crm::ctl
