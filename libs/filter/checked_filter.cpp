#include "libs/filter/checked_filter.h"

#include "libs/filter/lexer.h"

namespace crm::filter {

namespace {

Node StarNode() {
  Node star;
  star.kind = Node::Kind::kRestriction;
  star.path = {Word{.text = "*", .stars = {0}}};
  return star;
}

// Parsing flattens AND in AND and OR in OR; so must whoever joins trees, for their text to read
// back as an equal tree.
template <class Tree>
Tree JoinTrees(typename Tree::Kind kind, const Tree& left, const Tree& right) {
  Tree joined;
  joined.kind = kind;
  for (const Tree* side : {&left, &right}) {
    if (side->kind == kind) {
      joined.children.insert(joined.children.end(), side->children.begin(), side->children.end());
    } else {
      joined.children.push_back(*side);
    }
  }
  return joined;
}

}  // namespace

CheckedFilter::CheckedFilter() : CheckedFilter(Node(), Condition()) {}

CheckedFilter::CheckedFilter(Node syntax, Condition condition)
    : syntax_(std::make_shared<const Node>(std::move(syntax))),
      condition_(std::make_shared<const Condition>(std::move(condition))) {}

CheckedFilter CheckedFilter::None() {
  Node syntax{.kind = Node::Kind::kNot, .children = {StarNode()}};
  Condition condition{.kind = Condition::Kind::kNot, .children = {Condition()}};
  return CheckedFilter(std::move(syntax), std::move(condition));
}

bool CheckedFilter::matches_everything() const {
  return condition_->kind == Condition::Kind::kAnd && condition_->children.empty();
}

CheckedFilter CheckedFilter::Join(Node::Kind kind, const CheckedFilter& other) const {
  auto condition_kind = kind == Node::Kind::kAnd ? Condition::Kind::kAnd : Condition::Kind::kOr;
  return CheckedFilter(JoinTrees(kind, *syntax_, *other.syntax_),
                       JoinTrees(condition_kind, *condition_, *other.condition_));
}

CheckedFilter CheckedFilter::And(const CheckedFilter& other) const {
  if (matches_everything()) return other;
  if (other.matches_everything()) return *this;
  return Join(Node::Kind::kAnd, other);
}

CheckedFilter CheckedFilter::Or(const CheckedFilter& other) const {
  if (matches_everything()) return *this;
  if (other.matches_everything()) return other;
  return Join(Node::Kind::kOr, other);
}

Result<CheckedFilter> ParseAndCheck(std::string_view text, const Schema& schema) {
  Result<Filter> filter = Filter::Parse(text);
  if (!filter.ok()) return filter.status();
  return Check(*filter, schema);
}

Result<CheckedFilter> FieldEquals(const Schema& schema, std::string_view path,
                                  std::string_view value) {
  Result<FieldPath> resolved = schema.Resolve(path);
  if (!resolved.ok()) return resolved.status();
  Result<Filter> member = Filter::Parse(resolved->text);
  if (!member.ok()) return member.status();
  Node node = member->root();
  node.op = resolved->multiple ? Operator::kHas : Operator::kEquals;
  Node argument;
  argument.kind = Node::Kind::kRestriction;
  argument.path = {Word{.text = std::string(value), .quoted = true}};
  node.children = {argument};
  return Check(Filter(std::move(node)), schema);
}

Result<CheckedFilter> FieldIsAnyOf(const Schema& schema, std::string_view path,
                                   std::span<const std::string> values) {
  if (values.empty()) return CheckedFilter::None();
  Result<CheckedFilter> any = FieldEquals(schema, path, values[0]);
  for (size_t i = 1; i < values.size() && any.ok(); ++i) {
    Result<CheckedFilter> next = FieldEquals(schema, path, values[i]);
    if (!next.ok()) return next;
    any = any->Or(*next);
  }
  return any;
}

}  // namespace crm::filter
