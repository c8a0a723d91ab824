#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "tools/crmctl/commands.h"
#include "tools/crmctl/import_plan.h"
#include "tools/crmctl/importer.h"
#include "tools/crmctl/printer.h"
#include "tools/crmctl/record_file.h"
#include "tools/crmctl/run_label.h"
#include "tools/crmctl/usage.h"

#include <google/protobuf/struct.pb.h>

namespace crm::ctl {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr int64_t kShownRejections = 10;

struct Options {
  std::string mapping;
  std::string source;
  std::string run;
  std::string errors;
  ImportOptions import;
};

void AddOptions(CLI::App& app, Options& options) {
  app.add_option("source", options.source, "The CSV file, or the folder of a plan's files")
      ->required();
  app.add_option("--mapping", options.mapping, "Mapping or plan; see tools/crmctl/mapping.h")
      ->required();
  app.add_flag(
      "--dry-run", options.import.dry_run,
      "Write nothing, but show the same counts; steps behind a row's first call are not checked");
  app.add_option("--run", options.run,
                 "Label for undo. An import that was stopped goes on under its old label; one that "
                 "was taken back needs a new one.");
  app.add_option("--errors", options.errors, "CSV file for the rows that are refused");
  app.add_option("--batch", options.import.batch_rows, "Rows that are looked up together")
      ->check(CLI::Range(1, 5000));
  app.add_option("--in-flight", options.import.in_flight, "Rows that are written at a time")
      ->check(CLI::Range(1, 256));
}

std::string CsvCell(const std::string& text) {
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (char c : text) {
    if (c == '"') cell += '"';
    cell += c;
  }
  return cell + '"';
}

// Refused rows: all into the file, the first few to the user.
class Rejections {
 public:
  Rejections(const std::string& path, std::ostream& err) : err_(err) {
    if (path.empty()) return;
    file_.open(path, std::ios::binary | std::ios::trunc);
    file_ << "file,row,line,field,reason,message,stored\r\n";
  }
  bool ok() const { return file_.good(); }

  void Add(const std::string& file, const Rejection& rejection) {
    ++count_;
    if (file_.is_open()) {
      file_ << CsvCell(file) << ',' << rejection.row << ',' << rejection.line << ','
            << CsvCell(rejection.field) << ',' << CsvCell(rejection.reason) << ','
            << CsvCell(rejection.message) << ',' << rejection.stored << "\r\n";
    }
    if (count_ <= kShownRejections) {
      err_ << "\r" << file << " line " << rejection.line << ": " << rejection.field << " "
           << rejection.message << " (" << rejection.reason << ")"
           << (rejection.stored.empty() ? "" : "; the record is " + rejection.stored) << "\n";
    } else if (count_ == kShownRejections + 1) {
      err_ << "More rows are refused; "
           << (file_.is_open() ? "all are in the error file.\n"
                               : "--errors FILE keeps them all.\n");
    }
  }
  int64_t count() const { return count_; }

 private:
  std::ostream& err_;
  std::ofstream file_;
  int64_t count_ = 0;
};

// A bar on a terminal; nothing elsewhere.
class Progress {
 public:
  Progress(Session& session, std::string name, size_t total_bytes)
      : err_(session.err()),
        shown_(session.options().width > 0 && isatty(STDERR_FILENO) == 1),
        name_(std::move(name)),
        total_(std::max<size_t>(total_bytes, 1)) {}

  void Show(size_t bytes, int64_t rows) {
    if (!shown_) return;
    constexpr size_t kWidth = 30;
    size_t done = std::min(kWidth, bytes * kWidth / total_);
    err_ << "\r" << name_ << " [" << std::string(done, '#') << std::string(kWidth - done, ' ')
         << "] " << rows << " rows" << std::flush;
  }
  void End() {
    if (shown_) err_ << "\r" << std::string(name_.size() + 50, ' ') << "\r" << std::flush;
  }

 private:
  std::ostream& err_;
  const bool shown_;
  const std::string name_;
  const size_t total_;
};

void PrintCounts(Session& session, const std::string& name, const ImportCounts& counts,
                 SteadyTime begin) {
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  double rate = static_cast<double>(counts.rows()) / std::max(seconds.count(), 1e-6);
  if (session.options().format == Format::kTable) {
    session.out() << name << ": " << counts.rows() << " rows = " << counts.created << " created + "
                  << counts.updated << " updated + " << counts.unchanged << " unchanged + "
                  << counts.rejected << " rejected; ";
    if (counts.incomplete > 0) {
      session.out() << counts.incomplete << " incomplete, a later step was refused; ";
    }
    session.out() << static_cast<int64_t>(rate) << " rows per second\n" << std::flush;
    return;
  }
  google::protobuf::Struct line;
  auto& fields = *line.mutable_fields();
  fields["name"].set_string_value(name);
  for (auto [key, value] :
       {std::pair{"rows", counts.rows()}, std::pair{"created", counts.created},
        std::pair{"updated", counts.updated}, std::pair{"unchanged", counts.unchanged},
        std::pair{"rejected", counts.rejected}, std::pair{"incomplete", counts.incomplete}}) {
    fields[key].set_number_value(static_cast<double>(value));
  }
  fields["seconds"].set_number_value(seconds.count());
  fields["rows_per_second"].set_number_value(rate);
  Printer(session, {}).PrintItem(line);
}

// Does the steps of a plan under one run.
class PlanRun {
 public:
  PlanRun(Remote& remote, const ImportOptions& options, Rejections& rejections)
      : remote_(remote), references_(remote), options_(options), rejections_(rejections) {}

  // All mappings are opened first: a mistake in the last is found before the first is imported.
  Status Run(const std::vector<ImportStep>& steps) {
    for (const auto& step : steps) {
      if (!step.mapping) continue;
      Importer importer(remote_, references_, *step.mapping, options_, {});
      if (Status opened = importer.Open(); !opened.ok()) return opened;
    }
    for (const auto& step : steps) {
      auto begin = std::chrono::steady_clock::now();
      auto counts = step.mapping ? ImportFile(step)
                                 : PutRecords(remote_, references_, *step.records,
                                              {step.name, options_.dry_run});
      if (!counts) return counts.status();
      PrintCounts(remote_.session(), step.name, *counts, begin);
    }
    return Status::Ok();
  }

 private:
  Result<ImportCounts> ImportFile(const ImportStep& step) {
    std::error_code unknown;
    Progress progress(remote_.session(), step.name,
                      std::filesystem::file_size(step.source, unknown));
    ImportCallbacks callbacks;
    callbacks.rejected = [&](const Rejection& rejection) {
      rejections_.Add(step.source, rejection);
    };
    callbacks.progress = [&](size_t bytes, int64_t rows) { progress.Show(bytes, rows); };
    Importer importer(remote_, references_, *step.mapping, options_, std::move(callbacks));
    if (Status opened = importer.Open(); !opened.ok()) return opened;
    auto counts = importer.Run(
        [&] { return std::make_unique<std::ifstream>(step.source, std::ios::binary); });
    progress.End();
    return counts;
  }

  Remote& remote_;
  References references_;
  const ImportOptions options_;
  Rejections& rejections_;
};

}  // namespace

Status Import(Session& session, const std::vector<std::string>& words) {
  CLI::App app(
      "Imports CSV files. Rows that are there already are brought up to date; refused rows do not "
      "stop the others and end in exit code 6.",
      "crmctl import");
  Options options;
  AddOptions(app, options);
  if (auto done = Parse(app, words, session.out())) return *done;
  auto steps = ReadImportPlan(options.mapping, options.source);
  if (!steps) return steps.status();
  Rejections rejections(options.errors, session.err());
  if (!rejections.ok()) return Usage("'" + options.errors + "' cannot be written.");
  Remote remote(session, options.run.empty() ? NewRunLabel("import") : options.run);
  session.err() << (options.import.dry_run ? "Dry run\n" : "Run " + remote.run() + "\n");
  Status done = PlanRun(remote, options.import, rejections).Run(*steps);
  if (!done.ok() && !options.import.dry_run) {
    session.err() << "Go on with the same command and --run " << remote.run() << "\n";
  }
  if (!done.ok() || rejections.count() == 0) return done;
  return InvalidArgument("ROWS_REJECTED", std::to_string(rejections.count()) +
                                              " rows were refused, or a later step of them.");
}

}  // namespace crm::ctl
