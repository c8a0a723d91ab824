#include "libs/filter/sql.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <span>

namespace crm::filter {

namespace {

using ColumnKind = SqlColumn::Kind;
using Kind = Condition::Kind;

Operator Contrary(Operator op) {
  switch (op) {
    case Operator::kEquals:
      return Operator::kNotEquals;
    case Operator::kNotEquals:
      return Operator::kEquals;
    case Operator::kLess:
      return Operator::kGreaterOrEqual;
    case Operator::kLessOrEqual:
      return Operator::kGreater;
    case Operator::kGreater:
      return Operator::kLessOrEqual;
    case Operator::kGreaterOrEqual:
      return Operator::kLess;
    default:
      return op;
  }
}

std::string SqlOperator(Operator op) {
  return op == Operator::kNotEquals ? "<>" : std::string(OperatorText(op));
}

// The least string above all strings that start with `prefix`; empty where there is none. UTF-8
// sorts like its code points.
std::string AfterPrefix(std::string prefix) {
  while (!prefix.empty()) {
    auto end = static_cast<int32_t>(prefix.size());
    UChar32 c;
    U8_PREV(reinterpret_cast<const uint8_t*>(prefix.data()), 0, end, c);
    prefix.resize(static_cast<size_t>(end));
    if (c < 0 || c == 0x10FFFF) continue;
    c = c == 0xD7FF ? 0xE000 : c + 1;
    uint8_t bytes[4];
    int length = 0;
    U8_APPEND_UNSAFE(bytes, length, c);
    return prefix.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
  }
  return prefix;
}

std::string LikePattern(const Pattern& pattern) {
  std::string out;
  for (size_t i = 0; i < pattern.parts.size(); ++i) {
    if (i > 0) out += '%';
    for (char c : pattern.parts[i]) {
      if (c == '%' || c == '_' || c == '!') out += '!';
      out += c;
    }
  }
  return out;
}

// Only asterisks: every string that is set is like it.
bool IsAnything(const Pattern& pattern) {
  return std::all_of(pattern.parts.begin(), pattern.parts.end(),
                     [](const std::string& part) { return part.empty(); });
}

bool Fits(Type type, ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBool:
      return type == Type::kBool;
    case ColumnKind::kInt:
      return type == Type::kInt || type == Type::kEnum || type == Type::kDuration;
    case ColumnKind::kDouble:
      return type == Type::kDouble;
    case ColumnKind::kText:
    case ColumnKind::kUuid:
      return type == Type::kString;
    case ColumnKind::kTime:
      return type == Type::kTime;
    case ColumnKind::kIndexed:
      return true;
  }
  return false;
}

// Walks the condition with negation pushed down to the leaves, where each has a contrary (De Morgan
// holds in three values too). So NOT is never applied to a row search, which is FALSE where SQL's
// NULL would be needed.
class Writer {
 public:
  Writer(const SqlColumns& columns, const SqlOptions& options)
      : columns_(columns), options_(options) {}

  Result<SqlCondition> Finish(std::string text) {
    if (!status_.ok()) return status_;
    return SqlCondition{std::move(text), std::move(params_)};
  }

  std::string Write(const Condition& condition, bool negated) {
    switch (condition.kind) {
      case Kind::kAnd:
      case Kind::kOr:
        return IsChoiceOfTexts(condition, negated) ? WriteTest(condition.children, negated)
                                                   : WriteJoined(condition, negated);
      case Kind::kNot:
        return Write(condition.children[0], !negated);
      case Kind::kCall: {
        Value scratch;
        return Constant(std::get<bool>(Evaluate(condition.operand, options_.context, scratch)) !=
                        negated);
      }
      case Kind::kSearch:
        return WriteSearch(condition, negated);
      default:
        return WriteTest({&condition, 1}, negated);
    }
  }

 private:
  using Conditions = std::span<const Condition>;

  // One test of a field, or a choice of texts.
  std::string WriteTest(Conditions choice, bool negated) {
    const Condition& condition = choice.front();
    std::optional<SqlColumn> column = columns_.Find(condition.path);
    if (!column) {
      std::string shown = Shortened(condition.path.text, 200);
      return Fail(SyntaxError(condition.position,
                              "names \"" + shown + "\", by which lists cannot be filtered")
                      .With("field", shown));
    }
    bool indexed = column->kind == ColumnKind::kIndexed;
    if (condition.kind == Kind::kPresent && !indexed) {
      return WritePresence(condition.path, *column, negated);
    }
    if (!Fits(condition.path.type, column->kind)) {
      return Fail(Internal("Column " + column->expression + " does not fit the type of field " +
                           condition.path.text));
    }
    if (indexed) {
      return (MeansNoRow(condition, negated) ? "NOT " : "") +
             WriteRowSearch({&choice, 1}, column->index, negated);
    }
    if (condition.kind == Kind::kPattern) return WritePattern(condition, *column, negated);
    return WriteComparison(choice, *column, negated);
  }

  std::string Fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
    return "";
  }

  static std::string Constant(bool value) { return value ? "TRUE" : "FALSE"; }
  static std::string Negated(std::string text, bool negated) {
    return negated ? "NOT (" + std::move(text) + ")" : text;
  }

  std::string Param(SqlValue value, std::string_view cast) {
    params_.push_back(std::move(value));
    size_t number = options_.first_placeholder + params_.size() - 1;
    return "$" + std::to_string(number) + "::" + std::string(cast);
  }
  std::string Text(std::string value) { return Param(std::move(value), "text"); }

  std::string Param(const Value& value) {
    struct Visitor {
      Writer& writer;
      std::string operator()(bool v) const { return writer.Param(v, "bool"); }
      std::string operator()(int64_t v) const { return writer.Param(v, "bigint"); }
      std::string operator()(double v) const { return writer.Param(v, "float8"); }
      std::string operator()(const std::string& v) const { return writer.Text(v); }
      std::string operator()(Time v) const { return writer.Param(v, "timestamptz"); }
      std::string operator()(Duration v) const { return writer.Param(v.count(), "bigint"); }
    };
    return std::visit(Visitor{*this}, value);
  }

  std::string WriteJoined(const Condition& condition, bool negated) {
    bool conjunction = (condition.kind == Kind::kAnd) != negated;
    if (condition.children.empty()) return Constant(conjunction);
    std::string out;
    auto join = [&](const std::string& text) {
      if (!out.empty()) out += conjunction ? " AND " : " OR ";
      out += text;
    };
    // Searches for rows of which one is enough are one search: that PostgreSQL begins at the index,
    // while of several joined by OR it asks each record.
    std::vector<Conditions> tests;
    SqlIndex index;
    for (const Condition& child : condition.children) {
      auto found = conjunction ? std::nullopt : FindRowSearch(child, negated);
      if (found) {
        index = std::move(*found);
        tests.push_back(TestOf(child, negated));
        continue;
      }
      bool joined = child.kind == Kind::kAnd || child.kind == Kind::kOr || child.kind == Kind::kNot;
      std::string text = Write(child, negated);
      join(joined ? "(" + text + ")" : text);
    }
    if (!tests.empty()) join(WriteRowSearch(tests, index, negated));
    return out;
  }

  // A test of a field or a choice of texts; else nothing.
  Conditions TestOf(const Condition& condition, bool negated) {
    switch (condition.kind) {
      case Kind::kAnd:
      case Kind::kOr:
        return IsChoiceOfTexts(condition, negated) ? Conditions(condition.children) : Conditions();
      case Kind::kCompare:
      case Kind::kPattern:
      case Kind::kPresent:
        return {&condition, 1};
      default:
        return {};
    }
  }

  // The index where a row is all that the condition asks for.
  std::optional<SqlIndex> FindRowSearch(const Condition& condition, bool negated) {
    Conditions test = TestOf(condition, negated);
    if (test.empty() || MeansNoRow(test.front(), negated)) return std::nullopt;
    std::optional<SqlColumn> column = columns_.Find(test.front().path);
    if (!column || column->kind != ColumnKind::kIndexed) return std::nullopt;
    return column->index;
  }

  std::string WriteSearch(const Condition& condition, bool negated) {
    std::string placeholder = Text(condition.needle);
    std::optional<std::string> search = columns_.Search(placeholder);
    if (search) return Negated(std::move(*search), negated);
    return Fail(SyntaxError(condition.position, "has a bare word, and there is no search here"));
  }

  const Value& OperandOf(const Condition& condition) {
    return Evaluate(condition.operand, options_.context, scratch_);
  }

  // `a = "x" OR a = "y" OR ...`, also as the contrary of its contrary. As one array it is one text
  // for any number of values, and an index finds each of them.
  bool IsChoiceOfTexts(const Condition& condition, bool negated) {
    if (condition.children.size() < 2) return false;
    const Condition& first = condition.children.front();
    if (first.kind != Kind::kCompare || first.path.type != Type::kString) return false;
    // That an element differs from each of two is not that two elements differ from one each.
    if (first.path.multiple && first.op != Operator::kEquals) return false;
    bool conjunction = (condition.kind == Kind::kAnd) != negated;
    Operator op = negated ? Contrary(first.op) : first.op;
    if (op != (conjunction ? Operator::kNotEquals : Operator::kEquals)) return false;
    std::optional<SqlColumn> column = columns_.Find(first.path);
    if (!column || column->kind == ColumnKind::kUuid) return false;
    return std::ranges::all_of(condition.children, [&first](const Condition& child) {
      return child.kind == Kind::kCompare && child.op == first.op &&
             child.path.text == first.path.text;
    });
  }

  std::string WriteChoice(Conditions choice, Operator op) {
    std::vector<std::string> texts;
    for (const Condition& condition : choice) {
      texts.push_back(std::get<std::string>(OperandOf(condition)));
    }
    return (op == Operator::kEquals ? "= ANY (" : "<> ALL (") + Param(std::move(texts), "text[]") +
           ")";
  }

  std::string WriteComparison(Conditions choice, const SqlColumn& column, bool negated) {
    const Condition& condition = choice.front();
    Operator op = negated ? Contrary(condition.op) : condition.op;
    if (choice.size() > 1) return column.expression + " " + WriteChoice(choice, op);
    const Value& value = OperandOf(condition);
    if (column.kind == ColumnKind::kUuid) {
      return WriteUuid(condition.path, column, op, std::get<std::string>(value));
    }
    return column.expression + " " + SqlOperator(op) + " " + Param(value);
  }

  // A uuid column stands for a string: its prefix and the id, or the empty string for NULL where
  // the string is never unset.
  std::string WriteUuid(const FieldPath& path, const SqlColumn& column, Operator op,
                        const std::string& value) {
    bool null_is_empty = !path.can_be_unset;
    bool equals = op == Operator::kEquals;
    if (!equals && op != Operator::kNotEquals) {
      std::string text = UuidText(path, column);
      return text + " " + SqlOperator(op) + " " + Text(value);
    }
    if (value.empty() && null_is_empty) {
      return column.expression + (equals ? " IS NULL" : " IS NOT NULL");
    }
    std::optional<Uuid> id;
    if (value.starts_with(column.prefix)) id = Uuid::Parse(value.substr(column.prefix.size()));
    if (!id || column.prefix + id->ToString() != value) {
      if (equals) return Constant(false);
      return null_is_empty ? Constant(true) : column.expression + " IS NOT NULL";
    }
    std::string param = Param(SqlValue(*id), "uuid");
    if (equals) return column.expression + " = " + param;
    return column.expression + (null_is_empty ? " IS DISTINCT FROM " : " <> ") + param;
  }

  std::string UuidText(const FieldPath& path, const SqlColumn& column) {
    std::string text = "(" + Text(column.prefix) + " || " + column.expression + "::text)";
    if (!path.can_be_unset) text = "COALESCE(" + text + ", '')";
    return text + " COLLATE \"C\"";
  }

  // Where `subject` is like the pattern: a range for what stands before the first asterisk, LIKE
  // for more.
  std::string Like(const std::string& subject, const Pattern& pattern) {
    const std::string& prefix = pattern.parts[0];
    std::string out;
    if (!prefix.empty()) {
      out = subject + " >= " + Text(prefix);
      std::string after = AfterPrefix(prefix);
      if (!after.empty()) out += " AND " + subject + " < " + Text(after);
    }
    bool only_prefix = pattern.parts.size() == 2 && pattern.parts[1].empty();
    if (!only_prefix) {
      if (!out.empty()) out += " AND ";
      out += subject + " LIKE " + Text(LikePattern(pattern)) + " ESCAPE '!'";
    }
    return "(" + out + ")";
  }

  std::string WritePattern(const Condition& condition, const SqlColumn& column, bool negated) {
    bool contrary = (condition.op == Operator::kNotEquals) != negated;
    if (IsAnything(condition.pattern)) {
      if (contrary || !condition.path.can_be_unset) return Constant(!contrary);
      return column.expression + " IS NOT NULL";
    }
    bool uuid = column.kind == ColumnKind::kUuid;
    std::string subject = uuid ? UuidText(condition.path, column) : column.expression;
    return Negated(Like(subject, condition.pattern), contrary);
  }

  std::string WritePresence(const FieldPath& path, const SqlColumn& column, bool negated) {
    bool null_is_unset = path.has_presence || path.type == Type::kBytes ||
                         path.type == Type::kMessage || column.kind == ColumnKind::kUuid;
    if (null_is_unset) return column.expression + (negated ? " IS NULL" : " IS NOT NULL");
    std::string filled = column.expression;
    if (column.kind == ColumnKind::kText) filled += " <> ''";
    if (column.kind == ColumnKind::kInt || column.kind == ColumnKind::kDouble) filled += " <> 0";
    if (path.can_be_unset) filled = "(" + column.expression + " IS NOT NULL AND " + filled + ")";
    return Negated(std::move(filled), negated);
  }

  // Any element may pass, so the contrary of a repeated field's test is that none does. A map's
  // entry is one value or none, and the contrary of its test is the contrary operator.
  static bool MeansNoRow(const Condition& condition, bool negated) {
    return negated && (condition.kind == Kind::kPresent || condition.path.multiple);
  }

  // What a search for a row of the index asks of that row.
  std::string WriteRow(Conditions choice, bool negated) {
    const Condition& condition = choice.front();
    std::string field = "x.field = " + Text(condition.path.text);
    if (condition.kind == Kind::kPresent) return field + NotEmpty(condition.path);
    bool contrary = negated && !condition.path.multiple;
    if (condition.kind == Kind::kPattern) {
      bool differs = (condition.op == Operator::kNotEquals) != contrary;
      return field + " AND " +
             (IsAnything(condition.pattern) ? Constant(!differs)
                                            : Negated(Like("x.value", condition.pattern), differs));
    }
    Operator op = contrary ? Contrary(condition.op) : condition.op;
    return field + " AND x.value " +
           (choice.size() > 1 ? WriteChoice(choice, op)
                              : SqlOperator(op) + " " + Text(IndexText(OperandOf(condition))));
  }

  // Of a field that is set: whether that makes it present.
  std::string NotEmpty(const FieldPath& path) {
    if (path.has_presence || path.steps.back().field->is_repeated()) return "";
    std::string empty;
    if (path.type == Type::kBool) empty = IndexText(Value(false));
    if (path.type == Type::kInt || path.type == Type::kEnum) empty = IndexText(Value(int64_t{0}));
    if (path.type == Type::kDouble) empty = IndexText(Value(0.0));
    return " AND x.value <> " + Text(std::move(empty));
  }

  // That the record has a row that passes one of the tests.
  std::string WriteRowSearch(std::span<const Conditions> tests, const SqlIndex& index,
                             bool negated) {
    std::string out = "EXISTS (SELECT 1 FROM " + index.table +
                      " x WHERE x.tenant = " + index.tenant +
                      " AND x.entity = " + Text(index.entity) + " AND ";
    std::string any;
    for (Conditions test : tests) any += (any.empty() ? "" : " OR ") + WriteRow(test, negated);
    out += tests.size() == 1 ? any : "(" + any + ")";
    std::string bound = index.bound.empty() ? "" : " AND x.id " + index.bound;
    return out + " AND x.id = " + index.id + bound + ")";
  }

  const SqlColumns& columns_;
  const SqlOptions& options_;
  std::vector<SqlValue> params_;
  Value scratch_;
  Status status_;
};

}  // namespace

Result<SqlCondition> ToSql(const CheckedFilter& filter, const SqlColumns& columns,
                           const SqlOptions& options) {
  Writer writer(columns, options);
  std::string text = writer.Write(filter.condition(), false);
  Kind kind = filter.condition().kind;
  bool joined = kind == Kind::kAnd || kind == Kind::kOr || kind == Kind::kNot;
  return writer.Finish(joined ? "(" + text + ")" : text);
}

}  // namespace crm::filter
