#include "libs/filter/search_text.h"

#include <gtest/gtest.h>

#include "crm/testing/v1/specimen.pb.h"
#include "libs/filter/schema.h"

namespace crm::filter {
namespace {

TEST(NormalizeForSearch, FoldsCaseAndSpaces) {
  EXPECT_EQ(NormalizeForSearch("  Tel \t Aviv\n"), "tel aviv");
  EXPECT_EQ(NormalizeForSearch("STRASSE straße"), "strasse strasse");
  EXPECT_EQ(NormalizeForSearch("Ｗｉｎｄｏｗ　Ⅳ"), "window iv");
  EXPECT_EQ(NormalizeForSearch(""), "");
  EXPECT_EQ(NormalizeForSearch(" \u00A0 "), "");
}

TEST(NormalizeForSearch, DropsHebrewPointsAndUnifiesPunctuation) {
  EXPECT_EQ(NormalizeForSearch("שָׁלוֹם"), "שלום");
  EXPECT_EQ(NormalizeForSearch("\uFB2A"), "ש");
  EXPECT_EQ(NormalizeForSearch("בע״מ"), "בע\"מ");
  EXPECT_EQ(NormalizeForSearch("תל־אביב"), "תל-אביב");
  EXPECT_EQ(NormalizeForSearch("\u200Fמשה\u200E"), "משה");
}

TEST(NormalizeForSearch, IsIdempotentAndTotal) {
  for (std::string text :
       {"Ĳ ǅ ﬁ", "a\u0301\u05B0\u0323", "Ⅳ\u05B0Ⅳ", "\xff\xfe", "x\xE2\x82", "ͅΑ͂", "ẞİ"}) {
    std::string once = NormalizeForSearch(text);
    EXPECT_EQ(NormalizeForSearch(once), once) << text;
  }
}

TEST(SearchText, HasOneLineForEachValueThatIsThere) {
  testing::v1::Specimen specimen;
  specimen.set_display_name("Big  Window");
  specimen.add_tags("VIP");
  specimen.add_tags("דלת");
  specimen.mutable_address()->set_city("Haifa");
  Schema schema(testing::v1::Specimen::descriptor());
  schema.SetSearchable({"display_name", "tags", "code", "address.city"});
  EXPECT_EQ(SearchText(specimen, schema.searchable()), "big window\nvip\nדלת\nhaifa");
}

}  // namespace
}  // namespace crm::filter
