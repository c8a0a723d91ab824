#include "tools/crmctl/csv_reader.h"

#include <gtest/gtest.h>

#include <sstream>

namespace crm::ctl {
namespace {

using Cells = std::vector<std::string>;

std::vector<Cells> ReadAll(const std::string& text) {
  std::istringstream in(text);
  CsvReader reader(in);
  std::vector<Cells> records;
  Cells cells;
  while (true) {
    auto read = reader.Next(cells);
    EXPECT_TRUE(read.ok()) << read.status().ToString();
    if (!read || !*read) return records;
    records.push_back(cells);
  }
}

Status FirstFailure(const std::string& text) {
  std::istringstream in(text);
  CsvReader reader(in);
  Cells cells;
  while (true) {
    auto read = reader.Next(cells);
    if (!read || !*read) return read.status();
  }
}

TEST(CsvReader, ReadsEitherLineEndAndALastLineWithNone) {
  EXPECT_EQ(ReadAll("a,b\r\n1,2\n3,4"), (std::vector<Cells>{{"a", "b"}, {"1", "2"}, {"3", "4"}}));
}

TEST(CsvReader, KeepsCommasQuotesAndLineEndsWithinQuotes) {
  EXPECT_EQ(ReadAll("\"$1,100.04 \",\"say \"\"hi\"\"\",\"two\r\nlines\"\r\n"),
            (std::vector<Cells>{{"$1,100.04 ", "say \"hi\"", "two\r\nlines"}}));
}

TEST(CsvReader, SkipsAByteOrderMarkAndEmptyLinesButNoSpaces) {
  EXPECT_EQ(ReadAll("\xef\xbb\xbf"
                    "a, Revenue \r\n\r\n\n1,2\r\n"),
            (std::vector<Cells>{{"a", " Revenue "}, {"1", "2"}}));
}

TEST(CsvReader, KeepsEmptyCellsAlsoAtBothEnds) {
  EXPECT_EQ(ReadAll(",x,\r\n\"\",,\r\n"), (std::vector<Cells>{{"", "x", ""}, {"", "", ""}}));
}

TEST(CsvReader, SaysOnWhichLineARecordBegins) {
  std::istringstream in("a\n\"b\nc\"\nd\n");
  CsvReader reader(in);
  Cells cells;
  std::vector<size_t> lines;
  while (*reader.Next(cells)) lines.push_back(reader.line());
  EXPECT_EQ(lines, (std::vector<size_t>{1, 2, 4}));
  EXPECT_EQ(reader.bytes_read(), 10u);
}

TEST(CsvReader, RefusesQuotesThatDoNotMatchWithTheirLine) {
  for (const char* text : {"a\n\"b", "a\n\"b\"c\n", "a\nb\"c\n"}) {
    Status failure = FirstFailure(text);
    EXPECT_EQ(failure.reason(), "CSV_MALFORMED") << text;
    EXPECT_EQ(failure.metadata().at("line"), "2") << text;
  }
}

TEST(CsvReader, BoundsARecordWhoseQuoteIsNeverClosed) {
  std::string text = "\"" + std::string(CsvReader::kMaxRecordBytes + 10, 'x') + "\"";
  EXPECT_EQ(FirstFailure(text).reason(), "CSV_MALFORMED");
  EXPECT_TRUE(FirstFailure("\"" + std::string(1000, 'x') + "\"").ok());
}

}  // namespace
}  // namespace crm::ctl
