// Printer: answers as a table for people, or as JSON, JSON lines or YAML for programs. Field names
// are those of the protos, as in filters and flags.
#pragma once

#include <google/protobuf/message.h>

#include <iosfwd>
#include <string>
#include <vector>

#include "tools/crmctl/session.h"

namespace crm::ctl {

// Not thread-safe. The first page of a list decides the columns of a table.
class Printer {
 public:
  // `columns` are paths from a row ("name", "phone.number"); empty: what the rows have, the first
  // few.
  Printer(Session& session, std::vector<std::string> columns);

  // One answer. A list is printed row by row in tables and JSON lines; pages may follow each other.
  void Print(const google::protobuf::Message& answer);
  // One message of a stream.
  void PrintItem(const google::protobuf::Message& item);

 private:
  void PrintTable(const std::vector<const google::protobuf::Message*>& rows);
  void PrintFields(const google::protobuf::Message& record);

  Session& session_;
  std::vector<std::string> columns_;
  bool header_printed_ = false;
};

// The field that holds the rows of a list: the only repeated message field. Null for other answers.
const google::protobuf::FieldDescriptor* RowsOf(const google::protobuf::Descriptor& answer);

}  // namespace crm::ctl
