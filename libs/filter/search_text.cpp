#include "libs/filter/search_text.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

namespace crm::filter {

namespace {

// Marks that people leave out when they type: Hebrew accents and points, Arabic harakat.
bool IsVowelMark(UChar32 c) {
  bool hebrew = c >= 0x0591 && c <= 0x05C7;
  bool arabic = (c >= 0x064B && c <= 0x065F) || c == 0x0670;
  return (hebrew || arabic) && u_charType(c) == U_NON_SPACING_MARK;
}

UChar32 PlainPunctuation(UChar32 c) {
  switch (c) {
    case 0x05F3:  // geresh
    case 0x2018:
    case 0x2019:
      return '\'';
    case 0x05F4:  // gershayim
    case 0x201C:
    case 0x201D:
      return '"';
    case 0x05BE:  // maqaf
    case 0x2010:
    case 0x2013:
    case 0x2014:
      return '-';
    default:
      return c;
  }
}

bool IsPlainAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

std::string NormalizeAscii(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

std::string NormalizeForSearch(std::string_view text) {
  if (IsPlainAscii(text)) return NormalizeAscii(text);
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKCCasefoldInstance(error);
  icu::UnicodeString folded = icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  if (U_SUCCESS(error)) folded = normalizer->normalize(folded, error);
  icu::UnicodeString kept;
  for (int32_t i = 0; i < folded.length(); i = folded.moveIndex32(i, 1)) {
    UChar32 c = folded.char32At(i);
    if (IsVowelMark(c)) continue;
    if (u_isUWhiteSpace(c) || u_iscntrl(c)) c = ' ';
    if (c == ' ' && (kept.isEmpty() || kept[kept.length() - 1] == ' ')) continue;
    kept.append(PlainPunctuation(c));
  }
  if (kept.endsWith(u" ", 1)) kept.truncate(kept.length() - 1);
  // Marks that kept two letters apart are gone now, so they may compose.
  if (U_SUCCESS(error)) kept = normalizer->normalize(kept, error);
  std::string out;
  return kept.toUTF8String(out);
}

std::string SearchText(const google::protobuf::Message& message, std::span<const FieldPath> paths) {
  std::string out;
  for (const FieldPath& path : paths) {
    AnyLeaf(path, message, [&](const Leaf& leaf) {
      std::string scratch;
      std::string text = NormalizeForSearch(LeafString(leaf, scratch));
      if (!text.empty()) out += (out.empty() ? "" : "\n") + text;
      return false;
    });
  }
  return out;
}

}  // namespace crm::filter
