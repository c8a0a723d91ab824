// CsvReader: the records of a CSV file one by one, in memory that does not grow with the file.
//
// RFC 4180: cells are divided by commas; a cell in quotes may hold commas, line ends and doubled
// quotes; lines end with CRLF or LF, the last perhaps with neither. A byte order mark in front is
// skipped, and so are empty lines.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "libs/base/status.h"

namespace crm::ctl {

// Not thread-safe. `in` must outlive it.
class CsvReader {
 public:
  // A record is at most this long: a quote that is never closed must not swallow the rest.
  static constexpr size_t kMaxRecordBytes = 1 << 20;

  explicit CsvReader(std::istream& in) : in_(in) {}

  // Fills `cells` with the next record; false at the end. INVALID_ARGUMENT (CSV_MALFORMED), with
  // the line, where quotes do not match or the record is too long: nothing behind it can be read.
  Result<bool> Next(std::vector<std::string>& cells);

  // Line on which the last record began, from 1.
  size_t line() const { return record_line_; }
  size_t bytes_read() const { return bytes_read_; }

 private:
  static constexpr int kEnd = -1;

  int Get();
  int Peek();
  void SkipByteOrderMark();
  Status ReadCell(std::string& cell);
  Status ReadQuoted(std::string& cell);
  Status Malformed(const std::string& what) const;

  std::istream& in_;
  size_t line_ = 1;
  size_t record_line_ = 0;
  size_t record_start_ = 0;
  size_t bytes_read_ = 0;
};

}  // namespace crm::ctl
