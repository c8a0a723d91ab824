#include "tools/crmctl/printer.h"

#include <algorithm>
#include <ostream>

#include "tools/crmctl/message_text.h"

namespace crm::ctl {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kMaxColumns = 7;
constexpr size_t kMaxCell = 40;

// Characters, not bytes: Hebrew takes two bytes a letter.
size_t Width(const std::string& text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

std::string Cut(const std::string& text, size_t width) {
  if (Width(text) <= width) return text;
  size_t end = 0;
  for (size_t seen = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80 && ++seen == width) break;
  }
  return text.substr(0, end) + "…";
}

std::string OneLine(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::string PathText(const Message& record, const std::string& path) {
  auto dot = path.find('.');
  const auto* field = record.GetDescriptor()->FindFieldByName(path.substr(0, dot));
  if (field == nullptr) return "";
  if (dot == std::string::npos) return FieldText(record, *field);
  if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return "";
  return PathText(record.GetReflection()->GetMessage(record, field), path.substr(dot + 1));
}

// Fields that say little in an overview.
bool IsBookkeeping(const std::string& name) {
  return name == "etag" || name == "create_time" || name == "update_time" || name == "delete_time";
}

std::vector<std::string> DefaultColumns(const std::vector<const Message*>& rows) {
  std::vector<std::string> columns;
  if (rows.empty()) return columns;
  const auto* type = rows.front()->GetDescriptor();
  for (int i = 0; i < type->field_count() && columns.size() < kMaxColumns; ++i) {
    const auto* field = type->field(i);
    if (field->is_repeated() || IsBookkeeping(field->name())) continue;
    bool used = std::ranges::any_of(
        rows, [&](const Message* row) { return !FieldText(*row, *field).empty(); });
    if (used) columns.push_back(field->name());
  }
  return columns;
}

}  // namespace

const FieldDescriptor* RowsOf(const Descriptor& answer) {
  const FieldDescriptor* rows = nullptr;
  // A record that has repeated fields is not a list: a list has no name.
  if (answer.FindFieldByName("name") != nullptr) return nullptr;
  for (int i = 0; i < answer.field_count(); ++i) {
    const auto* field = answer.field(i);
    if (!field->is_repeated() || field->is_map()) continue;
    if (rows != nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return nullptr;
    rows = field;
  }
  return rows;
}

Printer::Printer(Session& session, std::vector<std::string> columns)
    : session_(session), columns_(std::move(columns)) {}

void Printer::Print(const Message& answer) {
  const auto* field = RowsOf(*answer.GetDescriptor());
  Format format = session_.options().format;
  if (field == nullptr || format == Format::kJson || format == Format::kYaml) {
    return PrintItem(answer);
  }
  std::vector<const Message*> rows;
  const auto* reflection = answer.GetReflection();
  for (int i = 0; i < reflection->FieldSize(answer, field); ++i) {
    rows.push_back(&reflection->GetRepeatedMessage(answer, field, i));
  }
  if (format == Format::kTable) return PrintTable(rows);
  for (const auto* row : rows) PrintItem(*row);
}

void Printer::PrintItem(const Message& item) {
  std::ostream& out = session_.out();
  switch (session_.options().format) {
    case Format::kTable:
      if (columns_.empty()) return PrintFields(item);
      return PrintTable({&item});
    case Format::kJson:
      out << ToJson(item, true);
      break;
    case Format::kJsonl:
      out << ToJson(item, false) << "\n";
      break;
    case Format::kYaml:
      out << "---\n" << ToYaml(item);
      break;
  }
  out.flush();
}

void Printer::PrintTable(const std::vector<const Message*>& rows) {
  if (columns_.empty()) columns_ = DefaultColumns(rows);
  bool cut = session_.options().width > 0;
  std::vector<std::vector<std::string>> lines;
  if (!header_printed_) lines.push_back(columns_);
  for (const auto* row : rows) {
    auto& line = lines.emplace_back();
    for (const auto& column : columns_) {
      std::string text = OneLine(PathText(*row, column));
      line.push_back(cut ? Cut(text, kMaxCell) : text);
    }
  }
  std::vector<size_t> widths(columns_.size(), 0);
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], Width(line[i]));
  }
  std::ostream& out = session_.out();
  for (const auto& line : lines) {
    bool heading = !header_printed_ && &line == &lines.front();
    if (heading && session_.options().color) out << "\x1b[1m";
    for (size_t i = 0; i < line.size(); ++i) {
      out << line[i];
      if (i + 1 < line.size()) out << std::string(widths[i] - Width(line[i]) + 2, ' ');
    }
    if (heading && session_.options().color) out << "\x1b[0m";
    out << "\n";
  }
  header_printed_ = true;
  out.flush();
}

void Printer::PrintFields(const Message& record) {
  const auto* type = record.GetDescriptor();
  std::vector<std::pair<std::string, std::string>> lines;
  size_t width = 0;
  for (int i = 0; i < type->field_count(); ++i) {
    std::string text = OneLine(FieldText(record, *type->field(i)));
    if (text.empty()) continue;
    width = std::max(width, type->field(i)->name().size());
    lines.emplace_back(type->field(i)->name(), std::move(text));
  }
  for (const auto& [name, text] : lines) {
    session_.out() << name << std::string(width - name.size() + 2, ' ') << text << "\n";
  }
  if (lines.empty()) session_.out() << "done\n";
  session_.out().flush();
}

}  // namespace crm::ctl
