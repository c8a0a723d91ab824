#include "libs/filter/evaluate.h"

#include <algorithm>

#include "libs/filter/operators.h"
#include "libs/filter/search_text.h"

namespace crm::filter {

namespace {

using google::protobuf::Message;
using Kind = Condition::Kind;

Truth ToTruth(bool value) {
  return value ? Truth::kTrue : Truth::kFalse;
}

class Evaluator {
 public:
  Evaluator(const Message* subject, const EvalContext& context, const Operators& operators)
      : subject_(subject), context_(context), operators_(operators) {}

  Truth Run(const Condition& condition) {
    switch (condition.kind) {
      case Kind::kAnd:
        return RunAll(condition);
      case Kind::kOr:
        return RunAny(condition);
      case Kind::kNot:
        return operators_.negation(Run(condition.children[0]));
      case Kind::kCompare:
        return Compare(condition);
      case Kind::kPattern:
        return MatchPattern(condition);
      case Kind::kPresent:
        return ToTruth(operators_.present(IsReached(condition.path)));
      case Kind::kSearch:
        return ToTruth(operators_.contains(Haystack(condition), condition.needle));
      case Kind::kCall: {
        Value scratch;
        return ToTruth(std::get<bool>(filter::Evaluate(condition.operand, context_, scratch)));
      }
    }
    return Truth::kUnknown;
  }

 private:
  Truth RunAll(const Condition& condition) {
    Truth truth = Truth::kTrue;
    for (const Condition& child : condition.children) {
      truth = operators_.conjunction(truth, Run(child));
      if (truth == Truth::kFalse) break;
    }
    return truth;
  }

  Truth RunAny(const Condition& condition) {
    Truth truth = Truth::kFalse;
    for (const Condition& child : condition.children) {
      truth = operators_.disjunction(truth, Run(child));
      if (truth == Truth::kTrue) break;
    }
    return truth;
  }

  const Message* RootOf(const FieldPath& path) const {
    if (path.root == FieldPath::kSubject) return subject_;
    auto index = static_cast<size_t>(path.root);
    return index < context_.roots.size() ? context_.roots[index] : nullptr;
  }

  // TRUE where one leaf passes the test, FALSE where a leaf was reached and none does (or could:
  // repeated), else unset.
  template <class Test>
  Truth TestLeaves(const FieldPath& path, Test&& test) const {
    const Message* root = RootOf(path);
    bool reached = path.multiple;
    bool found = root != nullptr && AnyLeaf(path, *root, [&](const Leaf& leaf) {
                   reached = true;
                   return test(leaf);
                 });
    return found ? Truth::kTrue : reached ? Truth::kFalse : operators_.unset;
  }

  Truth Compare(const Condition& condition) const {
    Value scratch;
    const Value& value = filter::Evaluate(condition.operand, context_, scratch);
    bool (*holds)(int) = operators_.compare[static_cast<size_t>(condition.op)];
    return TestLeaves(condition.path, [&](const Leaf& leaf) {
      return holds(CompareLeaf(condition.path.type, leaf, value));
    });
  }

  Truth MatchPattern(const Condition& condition) const {
    return TestLeaves(condition.path, [&](const Leaf& leaf) {
      std::string scratch;
      bool matches = operators_.pattern(condition.pattern, LeafString(leaf, scratch));
      // Equal or not equal as an order: 0 or 1.
      return operators_.compare[static_cast<size_t>(condition.op)](matches ? 0 : 1);
    });
  }

  bool IsReached(const FieldPath& path) const {
    const Message* root = RootOf(path);
    if (root == nullptr || path.steps.empty()) return root != nullptr;
    return AnyLeaf(path, *root, [&](const Leaf& leaf) { return IsPresent(path, leaf); });
  }

  const std::string& Haystack(const Condition& condition) {
    if (haystack_of_ != condition.searchable.get()) {
      haystack_ = subject_ ? SearchText(*subject_, *condition.searchable) : std::string();
      haystack_of_ = condition.searchable.get();
    }
    return haystack_;
  }

  const Message* subject_;
  const EvalContext& context_;
  const Operators& operators_;
  // The search text, made once for all the words of a filter.
  const void* haystack_of_ = nullptr;
  std::string haystack_;
};

}  // namespace

const Operators kOperators = {
    .compare = {nullptr, [](int order) { return order == 0; }, [](int order) { return order != 0; },
                [](int order) { return order < 0; }, [](int order) { return order <= 0; },
                [](int order) { return order > 0; }, [](int order) { return order >= 0; }, nullptr},
    .pattern = MatchesPattern,
    .present = [](bool is_present) { return is_present; },
    .contains = [](const std::string& text,
                   const std::string& needle) { return text.find(needle) != std::string::npos; },
    .conjunction = [](Truth left, Truth right) { return std::min(left, right); },
    .disjunction = [](Truth left, Truth right) { return std::max(left, right); },
    .negation =
        [](Truth operand) {
          return operand == Truth::kTrue    ? Truth::kFalse
                 : operand == Truth::kFalse ? Truth::kTrue
                                            : Truth::kUnknown;
        },
    .unset = Truth::kUnknown,
};

Truth Evaluate(const Condition& condition, const Message* subject, const EvalContext& context,
               const Operators& operators) {
  return Evaluator(subject, context, operators).Run(condition);
}

bool Matches(const CheckedFilter& filter, const Message& message, const EvalContext& context) {
  return Evaluate(filter.condition(), &message, context, kOperators) == Truth::kTrue;
}

bool Matches(const CheckedFilter& filter, const EvalContext& context) {
  return Evaluate(filter.condition(), nullptr, context, kOperators) == Truth::kTrue;
}

}  // namespace crm::filter
