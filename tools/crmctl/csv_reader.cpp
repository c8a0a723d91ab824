#include "tools/crmctl/csv_reader.h"

namespace crm::ctl {

int CsvReader::Get() {
  int c = in_.rdbuf()->sbumpc();
  if (c == std::char_traits<char>::eof()) return kEnd;
  ++bytes_read_;
  if (c == '\n') ++line_;
  return c;
}

int CsvReader::Peek() {
  int c = in_.rdbuf()->sgetc();
  return c == std::char_traits<char>::eof() ? kEnd : c;
}

Status CsvReader::Malformed(const std::string& what) const {
  return InvalidArgument("CSV_MALFORMED",
                         "The record on line " + std::to_string(record_line_) + " " + what + ".")
      .With("line", std::to_string(record_line_));
}

void CsvReader::SkipByteOrderMark() {
  for (int byte : {0xef, 0xbb, 0xbf}) {
    if (Peek() != byte) return;
    Get();
  }
}

Status CsvReader::ReadQuoted(std::string& cell) {
  while (true) {
    int c = Get();
    if (c == kEnd) return Malformed("has a quote that is not closed");
    if (c == '"' && Peek() != '"') return Status::Ok();
    if (c == '"') Get();
    cell += static_cast<char>(c);
    if (bytes_read_ - record_start_ > kMaxRecordBytes) return Malformed("is longer than 1 MiB");
  }
}

Status CsvReader::ReadCell(std::string& cell) {
  if (Peek() == '"') {
    Get();
    if (Status read = ReadQuoted(cell); !read.ok()) return read;
    int next = Peek();
    if (next == ',' || next == '\n' || next == '\r' || next == kEnd) return Status::Ok();
    return Malformed("goes on behind a closing quote");
  }
  for (int c = Peek(); c != ',' && c != '\n' && c != kEnd; c = Peek()) {
    if (c == '"') return Malformed("has a quote within a cell that does not begin with one");
    Get();
    if (c == '\r' && (Peek() == '\n' || Peek() == kEnd)) break;
    cell += static_cast<char>(c);
    if (bytes_read_ - record_start_ > kMaxRecordBytes) return Malformed("is longer than 1 MiB");
  }
  return Status::Ok();
}

Result<bool> CsvReader::Next(std::vector<std::string>& cells) {
  if (bytes_read_ == 0) SkipByteOrderMark();
  cells.clear();
  while (Peek() == '\n' || Peek() == '\r') Get();
  if (Peek() == kEnd) return false;
  record_line_ = line_;
  record_start_ = bytes_read_;
  while (true) {
    if (Status read = ReadCell(cells.emplace_back()); !read.ok()) return read;
    if (Peek() == '\r') Get();
    int divider = Get();
    if (divider == ',') continue;
    if (divider == '\n' || divider == kEnd) return true;
    return Malformed("has a carriage return that ends no line");
  }
}

}  // namespace crm::ctl
