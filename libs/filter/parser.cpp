#include <algorithm>

#include "libs/filter/lexer.h"
#include "libs/filter/syntax.h"

namespace crm::filter {

namespace {

// Recursive descent, one function per rule of the grammar in syntax.h. Each returns false after it
// has set `status_`.
class Parser {
 public:
  explicit Parser(const std::vector<Token>& tokens) : tokens_(tokens) {}

  Result<Node> Run() {
    Node root;
    if (Is(Kind::kEnd)) return root;
    if (!ParseExpression(root)) return status_;
    if (!Is(Kind::kEnd)) {
      Fail(Is(Kind::kRight) ? "has a ')' without a '('" : "expects AND, OR or a space here");
      return status_;
    }
    return root;
  }

 private:
  using Kind = Token::Kind;

  const Token& Peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool Is(Kind kind, size_t ahead = 0) const { return Peek(ahead).kind == kind; }
  bool IsWord(size_t ahead = 0) const { return Is(Kind::kText, ahead) || Is(Kind::kString, ahead); }
  bool IsKeyword(size_t ahead = 0) const {
    return Is(Kind::kAnd, ahead) || Is(Kind::kOr, ahead) || Is(Kind::kNot, ahead);
  }
  // A minus sign and the number it belongs to, as in `-2.4`.
  bool IsNegativeNumber() const {
    return Is(Kind::kMinus) && Is(Kind::kText, 1) && !Peek(1).space_before &&
           Peek(1).word.text[0] >= '0' && Peek(1).word.text[0] <= '9';
  }

  bool Fail(std::string message) {
    if (!Is(Kind::kEnd)) message += ", found '" + std::string(Peek().source) + "'";
    status_ = SyntaxError(Peek().position, std::move(message));
    return false;
  }

  bool Count() {
    return ++nodes_ <= kMaxFilterNodes ||
           Fail("has more than " + std::to_string(kMaxFilterNodes) + " parts");
  }

  // Puts `child` into `parent`, whose own kind of children it takes over: (a AND b) AND c is one
  // AND of three.
  static void Append(Node& parent, Node child) {
    if (child.kind == parent.kind) {
      for (Node& grandchild : child.children) parent.children.push_back(std::move(grandchild));
    } else {
      parent.children.push_back(std::move(child));
    }
  }

  // An AND or OR of one is that one.
  static void Unwrap(Node& node) {
    if (node.children.size() != 1) return;
    Node only = std::move(node.children[0]);
    node = std::move(only);
  }

  bool ParseExpression(Node& out) {
    out.kind = Node::Kind::kAnd;
    out.position = Peek().position;
    while (true) {
      if (!ParseSequence(out)) return false;
      if (!Is(Kind::kAnd)) break;
      ++at_;
    }
    Unwrap(out);
    return true;
  }

  bool ParseSequence(Node& conjunction) {
    while (true) {
      Node factor;
      if (!ParseFactor(factor)) return false;
      Append(conjunction, std::move(factor));
      bool another = IsWord() || Is(Kind::kNot) || Is(Kind::kMinus) || Is(Kind::kLeft);
      if (!another || !Peek().space_before) return true;
    }
  }

  bool ParseFactor(Node& out) {
    out.kind = Node::Kind::kOr;
    out.position = Peek().position;
    while (true) {
      Node term;
      if (!ParseTerm(term)) return false;
      Append(out, std::move(term));
      if (!Is(Kind::kOr)) break;
      ++at_;
    }
    Unwrap(out);
    return true;
  }

  bool ParseTerm(Node& out) {
    bool number_alone = IsNegativeNumber() && !Is(Kind::kOperator, 2) && !Is(Kind::kDot, 2) &&
                        !(Is(Kind::kLeft, 2) && !Peek(2).space_before);
    if (number_alone) return ParseComparable(out);
    if (!Is(Kind::kNot) && !Is(Kind::kMinus)) return ParseSimple(out);
    out.kind = Node::Kind::kNot;
    out.position = Peek().position;
    if (!Count()) return false;
    bool minus = Is(Kind::kMinus);
    ++at_;
    if (minus && Peek().space_before) return Fail("expects something right after '-'");
    Node simple;
    if (!ParseSimple(simple)) return false;
    out.children.push_back(std::move(simple));
    return true;
  }

  bool ParseSimple(Node& out) {
    if (Is(Kind::kLeft)) return ParseComposite(out);
    if (!ParseComparable(out)) return false;
    if (!Is(Kind::kOperator)) return true;
    out.op = Peek().op;
    ++at_;
    Node argument;
    if (!ParseArgument(argument)) return false;
    out.children.push_back(std::move(argument));
    return true;
  }

  bool ParseComposite(Node& out) {
    if (++depth_ > kMaxFilterDepth) {
      return Fail("is nested deeper than " + std::to_string(kMaxFilterDepth));
    }
    ++at_;
    if (!ParseExpression(out)) return false;
    if (!Is(Kind::kRight)) return Fail("expects ')' here");
    ++at_;
    --depth_;
    return true;
  }

  bool ParseArgument(Node& out) {
    if (Is(Kind::kLeft)) return ParseComposite(out);
    if (IsWord() || IsNegativeNumber()) return ParseComparable(out);
    return Fail("expects a value here");
  }

  bool ParseComparable(Node& out) {
    if (!Count()) return false;
    out.kind = Node::Kind::kRestriction;
    out.position = Peek().position;
    bool negative = IsNegativeNumber();
    if (negative) ++at_;
    if (!IsWord()) return Fail("expects a field, a value or '(' here");
    out.path.push_back(Peek().word);
    if (negative) {
      Word& number = out.path.back();
      number.text.insert(0, 1, '-');
      for (uint32_t& star : number.stars) ++star;
    }
    bool callable = Is(Kind::kText) && !negative;
    ++at_;
    while (Is(Kind::kDot) && !Peek().space_before) {
      ++at_;
      if (!(IsWord() || IsKeyword()) || Peek().space_before) {
        return Fail("expects a field name right after '.'");
      }
      callable = callable && Is(Kind::kText);
      out.path.push_back(Peek().word);
      // Canonical text writes a field that is called like a keyword in quotes.
      if (IsKeyword()) out.path.back().quoted = true;
      if (out.path.size() > kMaxFilterDepth) return Fail("traverses too many fields");
      ++at_;
    }
    if (callable && Is(Kind::kLeft) && !Peek().space_before) return ParseArguments(out);
    return true;
  }

  bool ParseArguments(Node& out) {
    if (++depth_ > kMaxFilterDepth) {
      return Fail("is nested deeper than " + std::to_string(kMaxFilterDepth));
    }
    ++at_;
    out.is_call = true;
    while (!Is(Kind::kRight)) {
      if (!out.arguments.empty()) {
        if (!Is(Kind::kComma)) return Fail("expects ',' or ')' here");
        ++at_;
      }
      Node argument;
      if (!ParseArgument(argument)) return false;
      out.arguments.push_back(std::move(argument));
    }
    ++at_;
    --depth_;
    return true;
  }

  const std::vector<Token>& tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  size_t nodes_ = 0;
  Status status_;
};

}  // namespace

Result<Filter> Filter::Parse(std::string_view text) {
  Result<std::vector<Token>> tokens = Lex(text);
  if (!tokens.ok()) return tokens.status();
  Result<Node> root = Parser(*tokens).Run();
  if (!root.ok()) return root.status();
  return Filter(std::move(*root));
}

}  // namespace crm::filter
