#include "libs/filter/syntax.h"

#include <algorithm>

#include "libs/filter/lexer.h"

namespace crm::filter {

namespace {

std::string Quoted(const Word& word) {
  std::string out = "\"";
  for (size_t i = 0; i < word.text.size(); ++i) {
    char c = word.text[i];
    bool star = c == '*' && std::find(word.stars.begin(), word.stars.end(), i) != word.stars.end();
    if (c == '"' || c == '\\' || (c == '*' && !star)) out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string ArgumentText(const Node& node) {
  bool comparable = node.kind == Node::Kind::kRestriction && node.op == Operator::kNone;
  return comparable ? ToText(node) : "(" + ToText(node) + ")";
}

bool StartsWithADigit(const Node& node) {
  const Word& word = node.path.front();
  const std::string& text = word.text;
  const size_t first = text.starts_with('-') ? 1 : 0;
  return node.path.size() == 1 && !word.quoted && first < text.size() && text[first] >= '0' &&
         text[first] <= '9';
}

std::string RestrictionText(const Node& node) {
  std::string out;
  for (const Word& word : node.path) {
    if (!out.empty() || &word != &node.path.front()) out += '.';
    out += ToText(word);
  }
  if (node.is_call) {
    out += '(';
    for (const Node& argument : node.arguments) {
      if (&argument != &node.arguments.front()) out += ", ";
      out += ArgumentText(argument);
    }
    out += ')';
  }
  if (node.op == Operator::kNone) return out;
  std::string_view op = OperatorText(node.op);
  if (node.op != Operator::kHas) {
    out += " " + std::string(op) + " ";
  } else {
    // Right behind a word that looks like a time a colon would be its next part.
    out += StartsWithADigit(node) ? " :" : ":";
  }
  return out + ArgumentText(node.children[0]);
}

std::string JoinedText(const Node& node) {
  bool conjunction = node.kind == Node::Kind::kAnd;
  std::string out;
  for (const Node& child : node.children) {
    if (&child != &node.children.front()) out += conjunction ? " AND " : " OR ";
    bool joins = child.kind == Node::Kind::kAnd || child.kind == Node::Kind::kOr;
    out += joins ? "(" + ToText(child) + ")" : ToText(child);
  }
  return out;
}

}  // namespace

std::string_view OperatorText(Operator op) {
  constexpr std::string_view kTexts[kOperatorCount] = {"", "=", "!=", "<", "<=", ">", ">=", ":"};
  return kTexts[static_cast<size_t>(op)];
}

bool Node::operator==(const Node& other) const {
  return kind == other.kind && children == other.children && path == other.path &&
         is_call == other.is_call && arguments == other.arguments && op == other.op;
}

std::string ToText(const Word& word) {
  bool stars_fit =
      word.stars.size() == static_cast<size_t>(std::count(word.text.begin(), word.text.end(), '*'));
  bool bare = !word.quoted && !word.text.empty() && stars_fit && IsBareWord(word.text);
  return bare ? word.text : Quoted(word);
}

std::string FieldText(const std::string& name) {
  bool plain = !name.empty() && name[0] != '-' && name.find_first_of(".:") == std::string::npos;
  Word word;
  word.text = name;
  return plain ? ToText(word) : Quoted(word);
}

std::string ToText(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kRestriction:
      return RestrictionText(node);
    case Node::Kind::kNot: {
      const Node& child = node.children[0];
      bool simple = child.kind == Node::Kind::kRestriction;
      return simple ? "NOT " + ToText(child) : "NOT (" + ToText(child) + ")";
    }
    default:
      return JoinedText(node);
  }
}

std::string Shortened(std::string text, size_t bytes) {
  if (text.size() <= bytes) return text;
  size_t end = bytes - 3;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

Status SyntaxError(size_t position, std::string message, std::string_view field) {
  constexpr size_t kMaxMessageBytes = 600;
  message = Shortened(std::move(message), kMaxMessageBytes);
  std::string name(field);
  std::string reason = field == "filter" ? "FILTER_INVALID" : "ORDER_BY_INVALID";
  std::string where = " (at character " + std::to_string(position) + ")";
  Status status(Code::kInvalidArgument, reason, "The " + name + " " + message + where + ".");
  status.With("position", std::to_string(position)).Violates(name, std::move(message) + where);
  return status;
}

}  // namespace crm::filter
