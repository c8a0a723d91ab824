#include "libs/filter/schema.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "libs/filter/lexer.h"

namespace crm::filter {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Between two names, whatever their case.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (Lower(a[i - 1]) == Lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

// Sets the key of a map step from the word that names it; false where it is no key of that map.
bool SetKey(const Word& word, FieldPath::Step& step) {
  const FieldDescriptor* key = step.field->message_type()->map_key();
  step.keyed = true;
  step.key = word.text;
  if (key->cpp_type() == FieldDescriptor::CPPTYPE_STRING) return true;
  std::optional<Value> value = ParseLiteral(TypeOf(key), word.text);
  if (!value) return false;
  // One spelling for each key, whatever was written: 7 for 007.
  const bool* boolean = std::get_if<bool>(&*value);
  step.key_number = boolean ? *boolean : std::get<int64_t>(*value);
  if (!boolean) step.key = std::to_string(step.key_number);
  return true;
}

void SetLeaf(FieldPath& path, const FieldDescriptor* leaf) {
  path.type = TypeOf(leaf);
  path.enumeration =
      leaf->cpp_type() == FieldDescriptor::CPPTYPE_ENUM ? leaf->enum_type() : nullptr;
}

// Extends the path by a field, and where it is a map by a key, if there is one; false where the key
// cannot be one of its.
bool Enter(FieldPath& path, const FieldDescriptor* field, const Word* key) {
  FieldPath::Step step{.field = field};
  if (!path.text.empty()) path.text += '.';
  path.text += field->name();
  path.can_be_unset = path.can_be_unset || path.has_presence;
  path.has_presence = field->has_presence();
  SetLeaf(path, field);
  if (key != nullptr) {
    if (!SetKey(*key, step)) return false;
    path.text += "." + FieldText(step.key);
    path.has_presence = true;
    SetLeaf(path, field->message_type()->map_value());
  } else if (field->is_map()) {
    path.type = Type::kMap;
  }
  if (key == nullptr) path.multiple = path.multiple || field->is_repeated();
  path.steps.push_back(std::move(step));
  return true;
}

}  // namespace

Schema::Schema(const Descriptor* subject) : subject_(subject) {
  AddFunction({"now", {}, Type::kTime, [](const EvalContext& context, std::span<const Value>) {
                 return Value(context.now);
               }});
  AddFunction({"ago",
               {Type::kDuration},
               Type::kTime,
               [](const EvalContext& context, std::span<const Value> arguments) {
                 return Value(context.now - std::get<Duration>(arguments[0]));
               }});
}

Schema& Schema::AddRoot(std::string name, const Descriptor* message) {
  roots_.push_back({std::move(name), message});
  return *this;
}

Schema& Schema::AddFunction(Function function) {
  std::erase_if(functions_, [&](const Function& known) { return known.name == function.name; });
  functions_.push_back(std::move(function));
  return *this;
}

Schema& Schema::SetGate(Gate gate) {
  gate_ = std::move(gate);
  return *this;
}

Schema& Schema::SetSearchable(const std::vector<std::string>& paths) {
  searchable_.clear();
  Gate gate = std::exchange(gate_, nullptr);
  for (const std::string& path : paths) {
    Result<FieldPath> resolved = Resolve(path);
    bool usable =
        resolved.ok() && resolved->root == FieldPath::kSubject && resolved->type == Type::kString;
    if (!usable) {
      std::fprintf(stderr, "Schema::SetSearchable: %s is no string field\n", path.c_str());
      std::abort();
    }
    searchable_.push_back(std::move(*resolved));
  }
  gate_ = std::move(gate);
  return *this;
}

const Function* Schema::FindFunction(std::string_view name) const {
  auto found = std::find_if(functions_.begin(), functions_.end(),
                            [&](const Function& function) { return function.name == name; });
  return found == functions_.end() ? nullptr : &*found;
}

std::vector<std::string> Schema::FunctionNames() const {
  std::vector<std::string> names;
  for (const Function& function : functions_) names.push_back(function.name);
  return names;
}

std::vector<std::string> Schema::Suggestions(const Descriptor* message, const std::string& prefix,
                                             bool at_root) const {
  std::vector<std::string> names;
  for (int i = 0; message != nullptr && i < message->field_count(); ++i) {
    const std::string& name = message->field(i)->name();
    bool deeper = message->field(i)->message_type() != nullptr;
    if (deeper || Allowed(prefix + name)) names.push_back(name);
  }
  if (at_root) {
    for (const Root& root : roots_) names.push_back(root.name);
  }
  return names;
}

Result<FieldPath> Schema::Resolve(std::span<const Word> words, size_t position,
                                  std::string_view field) const {
  Result<FieldPath> path = ResolveUngated(words, position, field);
  if (!path.ok()) return path;
  if (Status status = Admit(*path, position, field); !status.ok()) return status;
  return path;
}

Status Schema::Admit(const FieldPath& path, size_t position, std::string_view field) const {
  std::optional<std::string> refusal = gate_ ? gate_(path.text) : std::nullopt;
  if (!refusal) return {};
  std::string shown = Shortened(path.text, 200);
  return SyntaxError(position, "names \"" + shown + "\", which " + *refusal, field)
      .With("field", shown);
}

Result<FieldPath> Schema::ResolveUngated(std::span<const Word> words, size_t position,
                                         std::string_view field) const {
  FieldPath path;
  const Descriptor* message = subject_;
  size_t at = 0;
  for (size_t i = 0; i < roots_.size(); ++i) {
    if (words[0].text != roots_[i].name) continue;
    path.root = static_cast<int>(i);
    path.text = words[0].text;
    path.has_presence = path.can_be_unset = true;
    message = roots_[i].message;
    at = 1;
  }
  for (; at < words.size(); ++at) {
    const std::string prefix = path.text.empty() ? "" : path.text + ".";
    const std::string name = prefix + words[at].text;
    if (message == nullptr && !path.steps.empty()) {
      std::string what = "names \"" + name + "\", but \"" + path.text + "\" has no fields";
      return SyntaxError(position, std::move(what), field);
    }
    const FieldDescriptor* found = message ? message->FindFieldByName(words[at].text) : nullptr;
    if (found == nullptr) {
      std::string hint = DidYouMean(words[at].text, Suggestions(message, prefix, at == 0));
      std::string shown = Shortened(name, 200);
      return SyntaxError(position, "names the unknown field \"" + shown + "\"" + hint, field)
          .With("field", shown);
    }
    const Word* key = found->is_map() && at + 1 < words.size() ? &words[++at] : nullptr;
    if (!Enter(path, found, key)) {
      std::string what = "has the key \"" + key->text + "\" that \"" + name + "\" cannot have";
      return SyntaxError(position, std::move(what), field);
    }
    if (key != nullptr) found = found->message_type()->map_value();
    message = path.type == Type::kMessage ? found->message_type() : nullptr;
  }
  path.can_be_unset = path.can_be_unset || path.has_presence;
  return path;
}

Result<FieldPath> Schema::Resolve(std::string_view path, std::string_view field) const {
  Result<std::vector<Token>> tokens = Lex(path, field);
  if (!tokens.ok()) return tokens.status();
  std::vector<Word> words;
  for (size_t i = 0; i + 1 < tokens->size(); ++i) {
    const Token& token = (*tokens)[i];
    bool dot = i % 2 == 1;
    bool fits = dot ? token.kind == Token::Kind::kDot
                    : token.kind != Token::Kind::kDot && !token.word.text.empty();
    if (!fits) return SyntaxError(token.position, "expects a field like a.b here", field);
    if (!dot) words.push_back(token.word);
  }
  if (words.empty() || tokens->size() % 2 == 1) {
    return SyntaxError(0, "expects a field like a.b here", field);
  }
  return Resolve(words, 0, field);
}

std::string DidYouMean(std::string_view unknown, const std::vector<std::string>& known) {
  if (known.empty()) return "";
  // Nothing that long is a slip of the pen, and its distances would cost as much as its length.
  constexpr size_t kLongest = 64;
  std::vector<std::pair<size_t, std::string>> names;
  for (const std::string& name : known) {
    names.emplace_back(unknown.size() > kLongest ? kLongest : EditDistance(unknown, name), name);
  }
  std::sort(names.begin(), names.end());
  size_t close = std::max<size_t>(2, std::min(unknown.size(), kLongest - 1) / 3);
  size_t count = 0;
  while (count < std::min<size_t>(3, names.size()) && names[count].first <= close) ++count;
  bool question = count > 0;
  if (!question) count = std::min<size_t>(8, names.size());
  std::string out = question ? "; did you mean " : "; there are ";
  for (size_t i = 0; i < count; ++i) out += (i > 0 ? ", \"" : "\"") + names[i].second + "\"";
  if (question) return out + "?";
  return count == names.size() ? out : out + " and others";
}

}  // namespace crm::filter
