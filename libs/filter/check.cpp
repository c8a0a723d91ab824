#include <algorithm>

#include "libs/filter/checked_filter.h"
#include "libs/filter/search_text.h"

namespace crm::filter {

namespace {

using Kind = Condition::Kind;

// What was written at a place where a single word stands: "com.google" for the member com.google.
std::string JoinedWords(const std::vector<Word>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) text += (i > 0 ? "." : "") + words[i].text;
  return text;
}

Word JoinedWord(const std::vector<Word>& words) {
  if (words.size() == 1) return words[0];
  Word joined;
  for (const Word& word : words) {
    if (&word != &words.front()) joined.text += '.';
    for (uint32_t star : word.stars) {
      joined.stars.push_back(star + static_cast<uint32_t>(joined.text.size()));
    }
    joined.text += word.text;
  }
  return joined;
}

bool IsBareNull(const Node& argument) {
  return argument.path.size() == 1 && !argument.path[0].quoted && argument.path[0].text == "null";
}

bool IsBareStar(const Node& argument) {
  return !argument.is_call && argument.path.size() == 1 && argument.path[0].is_star();
}

Condition Joined(Kind kind, std::vector<Condition> children) {
  Condition out;
  out.kind = kind;
  out.children = std::move(children);
  return out;
}

// Turns the syntax into conditions. A failure is kept in `status_` and ends the walk.
class Checker {
 public:
  explicit Checker(const Schema& schema)
      : schema_(schema),
        searchable_(std::make_shared<const std::vector<FieldPath>>(schema.searchable())) {}

  const Status& status() const { return status_; }

  Condition Expression(const Node& node) {
    if (!status_.ok()) return {};
    switch (node.kind) {
      case Node::Kind::kAnd:
        return Children(Kind::kAnd, node);
      case Node::Kind::kOr:
        return Children(Kind::kOr, node);
      case Node::Kind::kNot:
        return Children(Kind::kNot, node);
      default:
        break;
    }
    if (node.is_call) return CallAlone(node);
    if (node.op == Operator::kNone) return Search(node);
    Result<FieldPath> path = schema_.ResolveUngated(node.path, node.position);
    if (!path.ok()) return Fail(path.status());
    return Restriction(*path, node, node.children[0]);
  }

 private:
  Condition Fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
    return {};
  }
  Condition Fail(const Node& node, std::string message) {
    return Fail(SyntaxError(node.position, std::move(message)));
  }

  Condition Children(Kind kind, const Node& node) {
    Condition out;
    out.kind = kind;
    out.position = node.position;
    for (const Node& child : node.children) out.children.push_back(Expression(child));
    return out;
  }

  Condition Search(const Node& node) {
    Word word = JoinedWord(node.path);
    if (word.is_star()) return {};
    if (searchable_->empty()) {
      Status error = SyntaxError(node.position,
                                 "has the bare word \"" + word.text +
                                     "\", but there is no text to search; compare a field, as in " +
                                     "name = \"" + word.text + "\"");
      return Fail(std::move(error));
    }
    // A fragment is found anywhere, so wildcards at its ends say nothing new.
    while (!word.stars.empty() && word.stars.back() + 1 == word.text.size()) {
      word.text.pop_back();
      word.stars.pop_back();
    }
    size_t lead = 0;
    while (lead < word.stars.size() && word.stars[lead] == lead) ++lead;
    Condition out;
    out.kind = Kind::kSearch;
    out.position = node.position;
    out.needle = NormalizeForSearch(std::string_view(word.text).substr(lead));
    out.searchable = searchable_;
    if (out.needle.empty()) return {};
    return out;
  }

  Condition CallAlone(const Node& node) {
    if (node.op != Operator::kNone) {
      return Fail(node, "compares a function; a field must stand on the left");
    }
    Condition out;
    out.kind = Kind::kCall;
    out.position = node.position;
    out.operand = CallOperand(node, Type::kBool);
    return out;
  }

  // The restriction of a path by an argument, which may be a composite: a = (x OR y) is a = x OR a
  // = y, and a != (x OR y) is its contrary, a != x AND a != y.
  Condition Restriction(const FieldPath& path, const Node& node, const Node& argument) {
    if (!status_.ok()) return {};
    if (argument.kind != Node::Kind::kRestriction) {
      Kind kind = argument.kind == Node::Kind::kAnd  ? Kind::kAnd
                  : argument.kind == Node::Kind::kOr ? Kind::kOr
                                                     : Kind::kNot;
      if (node.op == Operator::kNotEquals && kind != Kind::kNot) {
        kind = kind == Kind::kAnd ? Kind::kOr : Kind::kAnd;
      }
      std::vector<Condition> children;
      for (const Node& child : argument.children) {
        children.push_back(Restriction(path, node, child));
      }
      return Joined(kind, std::move(children));
    }
    if (argument.op != Operator::kNone) {
      return Fail(argument, "has a comparison where a value is expected");
    }
    if (path.multiple && node.op != Operator::kHas) {
      std::string kind = path.type == Type::kMap ? "a map" : "repeated";
      return Fail(node, "compares \"" + path.text + "\", which is " + kind +
                            "; use ':' to test what it has");
    }
    if (node.op == Operator::kHas && NamesPart(path, argument)) return HasPart(node, argument);
    if (Status status = schema_.Admit(path, node.position); !status.ok()) return Fail(status);
    if (node.op == Operator::kHas && IsBareStar(argument)) return Present(path, node);
    if (IsBareNull(argument) && path.has_presence) return NullTest(path, node);
    return Comparison(path, node, argument);
  }

  Condition Present(const FieldPath& path, const Node& node) {
    Condition out;
    out.kind = Kind::kPresent;
    out.position = node.position;
    out.path = path;
    return out;
  }

  Condition NullTest(const FieldPath& path, const Node& node) {
    if (node.op == Operator::kNotEquals) return Present(path, node);
    if (node.op == Operator::kEquals) return Joined(Kind::kNot, {Present(path, node)});
    return Fail(node, "orders \"" + path.text + "\" against null; only = and != can be used");
  }

  // message:field and map:key ask for the presence of what the argument names.
  static bool NamesPart(const FieldPath& path, const Node& argument) {
    bool has_parts = path.type == Type::kMessage || path.type == Type::kMap;
    return has_parts && !argument.is_call && !IsBareStar(argument);
  }

  Condition HasPart(const Node& node, const Node& argument) {
    std::vector<Word> words = node.path;
    for (const Word& word : argument.path) {
      if (!word.stars.empty())
        return Fail(argument, "has a wildcard in the name of a field or key");
      words.push_back(word);
    }
    Result<FieldPath> part = schema_.Resolve(words, argument.position);
    return part.ok() ? Present(*part, node) : Fail(part.status());
  }

  Condition Comparison(const FieldPath& path, const Node& node, const Node& argument) {
    Condition out;
    out.kind = Kind::kCompare;
    out.position = node.position;
    out.path = path;
    out.op = node.op == Operator::kHas ? Operator::kEquals : node.op;
    bool equality = out.op == Operator::kEquals || out.op == Operator::kNotEquals;
    bool unordered = path.type == Type::kBool || path.type == Type::kEnum;
    if (unordered && !equality) {
      return Fail(node, "orders \"" + path.text + "\", which has no order; use = or !=");
    }
    if (argument.is_call) {
      out.operand = CallOperand(argument, path.type);
      return out;
    }
    Word word = JoinedWord(argument.path);
    if (path.type == Type::kString && equality && !word.stars.empty()) {
      out.kind = Kind::kPattern;
      out.pattern = ToPattern(word);
      return out;
    }
    std::optional<Value> value = Literal(path.type, word, argument, path.enumeration, path.text);
    if (value) out.operand = std::move(*value);
    return out;
  }

  std::optional<Value> Literal(Type type, const Word& word, const Node& node,
                               const google::protobuf::EnumDescriptor* enumeration,
                               const std::string& subject) {
    std::optional<Value> value = ParseLiteral(type, word.text, enumeration);
    if (value) return value;
    std::string message = "expects " + std::string(TypeExpectation(type)) + " for \"" + subject +
                          "\", found \"" + Shortened(word.text, 200) + "\"";
    if (type == Type::kEnum) {
      std::vector<std::string> names;
      for (int i = 0; i < enumeration->value_count(); ++i) {
        names.push_back(enumeration->value(i)->name());
      }
      message += DidYouMean(word.text, names);
    }
    Fail(node, std::move(message));
    return std::nullopt;
  }

  Operand CallOperand(const Node& node, Type wanted) {
    std::string name = JoinedWords(node.path);
    const Function* function = schema_.FindFunction(name);
    if (function == nullptr) {
      Fail(node, "calls the unknown function \"" + name + "\"" +
                     DidYouMean(name, schema_.FunctionNames()));
      return Value(false);
    }
    if (function->result != wanted) {
      Fail(node, "expects " + std::string(TypeExpectation(wanted)) + ", and " + name +
                     "() does not give that");
      return Value(false);
    }
    if (function->arguments.size() != node.arguments.size()) {
      Fail(node, "gives " + name + "() " + std::to_string(node.arguments.size()) +
                     " arguments; it takes " + std::to_string(function->arguments.size()));
      return Value(false);
    }
    auto call = std::make_shared<Call>();
    call->function = *function;
    for (size_t i = 0; i < node.arguments.size() && status_.ok(); ++i) {
      call->arguments.push_back(Argument(node.arguments[i], function->arguments[i], name));
    }
    return std::shared_ptr<const Call>(std::move(call));
  }

  Operand Argument(const Node& node, Type wanted, const std::string& function) {
    if (node.kind != Node::Kind::kRestriction || node.op != Operator::kNone) {
      Fail(node, "has a condition where " + function + "() expects a value");
      return Value(false);
    }
    if (node.is_call) return CallOperand(node, wanted);
    std::optional<Value> value =
        Literal(wanted, JoinedWord(node.path), node, nullptr, function + "()");
    return value ? *value : Value(false);
  }

  const Schema& schema_;
  std::shared_ptr<const std::vector<FieldPath>> searchable_;
  Status status_;
};

}  // namespace

Result<CheckedFilter> Check(const Filter& filter, const Schema& schema) {
  Checker checker(schema);
  Condition condition = checker.Expression(filter.root());
  if (!checker.status().ok()) return checker.status();
  return CheckedFilter(filter.root(), std::move(condition));
}

const Value& Evaluate(const Operand& operand, const EvalContext& context, Value& scratch) {
  if (const auto* value = std::get_if<Value>(&operand)) return *value;
  const Call& call = *std::get<std::shared_ptr<const Call>>(operand);
  std::vector<Value> arguments;
  arguments.reserve(call.arguments.size());
  for (const Operand& argument : call.arguments) {
    Value inner;
    arguments.push_back(Evaluate(argument, context, inner));
  }
  scratch = call.function.evaluate(context, arguments);
  return scratch;
}

}  // namespace crm::filter
