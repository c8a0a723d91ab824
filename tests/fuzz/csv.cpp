// CSV: whatever is read, written again with every cell in quotes, is read as the same.
#include <sstream>

#include "tests/fuzz/fuzz.h"
#include "tools/crmctl/csv_reader.h"

namespace crm::fuzz {

namespace {

using Records = std::vector<std::vector<std::string>>;

// Up to the end, or to what cannot be read.
bool Read(std::string_view text, Records& records) {
  std::istringstream in{std::string(text)};
  ctl::CsvReader reader(in);
  std::vector<std::string> cells;
  size_t line = 0;
  while (true) {
    auto more = reader.Next(cells);
    if (!more.ok()) {
      Expect(more.status().reason() == "CSV_MALFORMED", "a refusal says so");
      return false;
    }
    Expect(reader.bytes_read() <= text.size(), "no more is read than there is");
    if (!*more) return true;
    Expect(reader.line() > line, "records begin on later and later lines");
    line = reader.line();
    Expect(!cells.empty(), "a record has cells");
    records.push_back(cells);
  }
}

std::string Quoted(const Records& records) {
  std::string text;
  for (const auto& cells : records) {
    for (size_t i = 0; i < cells.size(); ++i) {
      text += i == 0 ? "\"" : ",\"";
      for (char c : cells[i]) text += c == '"' ? "\"\"" : std::string(1, c);
      text += '"';
    }
    text += "\r\n";
  }
  return text;
}

}  // namespace

void TakeInput(std::string_view input) {
  Records records, again;
  if (!Read(input, records)) return;
  Expect(Read(Quoted(records), again), "what is written can be read", Quoted(records));
  Expect(records == again, "what is written is read as the same", Quoted(records));
}

}  // namespace crm::fuzz
