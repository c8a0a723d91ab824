#include "libs/filter/specimen_probes.h"

#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "libs/base/uuid.h"

namespace crm::filter {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using testing::v1::Specimen;

const std::vector<Subject> kSubjects = {{"active", Place::kPlain},
                                        {"count", Place::kPlain},
                                        {"total", Place::kPlain},
                                        {"port", Place::kPlain},
                                        {"size", Place::kPlain},
                                        {"ratio", Place::kPlain},
                                        {"weight", Place::kPlain},
                                        {"display_name", Place::kPlain},
                                        {"state", Place::kPlain},
                                        {"owner", Place::kPlain},
                                        {"blob", Place::kPlain},
                                        {"checked", Place::kOptional},
                                        {"score", Place::kOptional},
                                        {"grade", Place::kOptional},
                                        {"nickname", Place::kOptional},
                                        {"wish", Place::kOptional},
                                        {"campaign", Place::kOptional},
                                        {"channel", Place::kOptional},
                                        {"due_time", Place::kOptional},
                                        {"response_time", Place::kOptional},
                                        {"amount", Place::kOptional},
                                        {"address", Place::kOptional},
                                        {"parent.active", Place::kNested},
                                        {"parent.total", Place::kNested},
                                        {"parent.score", Place::kNested},
                                        {"parent.weight", Place::kNested},
                                        {"parent.state", Place::kNested},
                                        {"parent.due_time", Place::kNested},
                                        {"parent.response_time", Place::kNested},
                                        {"parent.amount", Place::kNested},
                                        {"parent.amount.currency_code", Place::kNested},
                                        {"parent.blob", Place::kNested},
                                        {"amount.amount_minor", Place::kNested},
                                        {"address.city", Place::kNested},
                                        {"switches.k", Place::kEntry},
                                        {"counters.k", Place::kEntry},
                                        {"levels.k", Place::kEntry},
                                        {"custom_fields.k", Place::kEntry},
                                        {"custom_fields.\"a key\"", Place::kEntry},
                                        {"stages.k", Place::kEntry},
                                        {"deadlines.k", Place::kEntry},
                                        {"budgets.k", Place::kEntry},
                                        {"shelves.7", Place::kEntry},
                                        {"balances.k", Place::kEntry},
                                        {"balances.k.amount_minor", Place::kEntry},
                                        {"answers", Place::kRepeated},
                                        {"marks", Place::kRepeated},
                                        {"samples", Place::kRepeated},
                                        {"tags", Place::kRepeated},
                                        {"past_states", Place::kRepeated},
                                        {"visit_times", Place::kRepeated},
                                        {"waits", Place::kRepeated},
                                        {"phones", Place::kRepeated},
                                        {"phones.e164", Place::kRepeated},
                                        {"prices.amount_minor", Place::kRepeated},
                                        {"custom_fields", Place::kWhole},
                                        {"balances", Place::kWhole}};

const std::vector<std::string> kIndexed = {
    "answers", "marks",  "samples",   "tags",          "past_states", "visit_times",
    "waits",   "phones", "prices",    "custom_fields", "counters",    "switches",
    "levels",  "stages", "deadlines", "budgets",       "balances",    "shelves"};

const std::vector<std::string> kStrings = {"",    "a",   "ab",    "abc",          "B",
                                           "a%c", "a_c", "a!c",   "a*c",          "a\\c",
                                           "אב",  "אבג", "\"q\"", "z\U0010FFFFy", "aXbXc"};
const std::vector<double> kDoubles = {-1.5, 0, -0.0,
                                      0.5,  2, std::numeric_limits<double>::quiet_NaN()};
const std::vector<int64_t> kSeconds = {-62135596800, -1, 0, 1, 1'700'000'000};
const std::vector<int> kNanos = {0, 999, 1000, 999'999'999};

std::string AnId(int n) {
  return NamedUuid("differential", std::to_string(n)).ToString();
}

// Fills messages by reflection with few values each, so that conditions often meet what they look
// for.
class Filler {
 public:
  explicit Filler(uint32_t seed) : random_(seed) {}

  size_t Below(size_t bound) { return random_() % bound; }
  template <class T>
  const T& Pick(const std::vector<T>& pool) {
    return pool[Below(pool.size())];
  }

  void Fill(Message& message, int depth) {
    const auto* descriptor = message.GetDescriptor();
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const FieldDescriptor* field = descriptor->field(i);
      if (field->is_repeated()) {
        if (depth > 1) continue;
        for (size_t n = Below(3); n > 0; --n) Set(message, field, depth);
      } else if (Below(3) > 0) {
        Set(message, field, depth);
      }
    }
  }

 private:
  void Set(Message& message, const FieldDescriptor* f, int depth) {
    const auto& r = *message.GetReflection();
    bool many = f->is_repeated();
    switch (f->cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL: {
        bool v = Below(2) == 1;
        return many ? r.AddBool(&message, f, v) : r.SetBool(&message, f, v);
      }
      case FieldDescriptor::CPPTYPE_INT32:
        return r.SetInt32(&message, f, static_cast<int32_t>(Below(4)) - 1);
      case FieldDescriptor::CPPTYPE_INT64: {
        auto v = static_cast<int64_t>(Below(4)) - 1;
        if (f->containing_type()->options().map_entry() && f->number() == 1) v += 7;
        return many ? r.AddInt64(&message, f, v) : r.SetInt64(&message, f, v);
      }
      case FieldDescriptor::CPPTYPE_UINT32:
        return r.SetUInt32(&message, f, static_cast<uint32_t>(Below(3)));
      case FieldDescriptor::CPPTYPE_UINT64:
        return r.SetUInt64(&message, f, Below(3) == 0 ? ~uint64_t{0} : Below(3));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return r.SetFloat(&message, f, static_cast<float>(Pick(kDoubles)));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return many ? r.AddDouble(&message, f, Pick(kDoubles))
                    : r.SetDouble(&message, f, Pick(kDoubles));
      case FieldDescriptor::CPPTYPE_ENUM: {
        auto v = static_cast<int>(Below(4));
        return many ? r.AddEnumValue(&message, f, v) : r.SetEnumValue(&message, f, v);
      }
      case FieldDescriptor::CPPTYPE_STRING:
        return many ? r.AddString(&message, f, Text(f)) : r.SetString(&message, f, Text(f));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
    if (depth >= 3) return;
    Message* inner = many ? r.AddMessage(&message, f) : r.MutableMessage(&message, f);
    Type type = TypeOf(f);
    if (type != Type::kTime && type != Type::kDuration) return Fill(*inner, depth + 1);
    inner->GetReflection()->SetInt64(inner, inner->GetDescriptor()->field(0), Pick(kSeconds));
    inner->GetReflection()->SetInt32(inner, inner->GetDescriptor()->field(1), Pick(kNanos));
  }

  std::string Text(const FieldDescriptor* field) {
    bool key = field->containing_type()->options().map_entry() && field->number() == 1;
    if (key) return Below(2) == 0 ? "k" : "a key";
    if (field->name() == "owner")
      return Below(4) == 0 ? "" : "users/" + AnId(static_cast<int>(Below(3)));
    if (field->name() == "channel") return "channels/" + AnId(static_cast<int>(Below(3)));
    return Pick(kStrings);
  }

  std::mt19937 random_;
};

std::vector<std::string> Literals(const FieldPath& path, Filler& filler) {
  switch (path.type) {
    case Type::kBool:
      return {"true", "false"};
    case Type::kInt:
      return {"-1", "0", "1", "9223372036854775807"};
    case Type::kDouble:
      return {"-1.5", "0", "0.5", "2e0", "1e300"};
    case Type::kEnum:
      return {"STATE_UNSPECIFIED", "NEW", "ACTIVE"};
    case Type::kTime:
      return {"1970-01-01T00:00:00Z", "2023-11-14T22:13:20.000001Z", "now()", "ago(-1us)",
              "0001-01-01T00:00:00Z"};
    case Type::kDuration:
      return {"0s", "1s", "-1s", "1.000001s", "1700000000s"};
    default:
      break;
  }
  if (ColumnKind(path) == SqlColumn::Kind::kUuid) {
    std::string prefix = UuidPrefix(path);
    std::string upper = AnId(0);
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    return {"\"" + prefix + AnId(0) + "\"", "\"" + prefix + AnId(1) + "\"", "\"\"", "bob",
            "\"" + prefix + upper + "\"",   "\"" + AnId(0) + "\""};
  }
  std::vector<std::string> literals;
  for (int i = 0; i < 5; ++i) {
    Word word;
    word.text = filler.Pick(kStrings);
    word.quoted = true;
    literals.push_back(ToText(word));
  }
  return literals;
}

std::vector<std::pair<std::string, std::vector<std::string>>> Patterns(const FieldPath& path) {
  if (ColumnKind(path) == SqlColumn::Kind::kUuid) {
    std::string part = AnId(0).substr(0, 8);
    return {{"prefix", {"\"" + UuidPrefix(path) + part + "*\"", "users*", "\"chan*\""}},
            {"suffix", {"\"*" + AnId(1).substr(30) + "\"", "*s"}},
            {"infix", {"\"*" + part + "*\"", "*s/*"}},
            {"any", {"*"}}};
  }
  return {{"prefix",
           {"a*", "ab*", "\"א*\"", "\"z\U0010FFFF*\"", "\"a%*\"", "\"a\\\\*\"", "\"\U0010FFFF*\""}},
          {"suffix", {"*c", "\"*\\*c\"", "*ג", "\"*\\\"\"", "\"*_c\""}},
          {"infix", {"*b*", "a*c", "*X*c", "a*b*c", "\"a!*c\"", "a*", "a*c*", "\"*%*\""}},
          {"any", {"*"}}};
}

// Every form of condition that the field's type and place allow.
std::vector<Probe> ProbesOf(const Subject& subject, Filler& filler) {
  FieldPath path = *SpecimenSchema().Resolve(subject.path);
  std::vector<Probe> probes = {{subject.path + ":*", "presence", &subject}};
  if (path.has_presence && !path.multiple) {
    probes.push_back({subject.path + " = null", "= null", &subject});
    probes.push_back({subject.path + " != null", "!= null", &subject});
  }
  if (path.type == Type::kMap) {
    for (const char* key : {":k", ":\"a key\"", ":none"}) {
      probes.push_back({subject.path + key, "key", &subject});
    }
  }
  if (path.type == Type::kMessage && subject.path != "address") {
    bool money = path.steps.back().field->message_type()->name() == "Money" || !path.multiple;
    probes.push_back({subject.path + (money ? ":currency_code" : ":e164"), "key", &subject});
  }
  bool comparable =
      path.type != Type::kMap && path.type != Type::kMessage && path.type != Type::kBytes;
  if (!comparable) return probes;
  std::vector<std::string> ops = {":"};
  bool ordered = path.type != Type::kBool && path.type != Type::kEnum;
  if (!path.multiple) ops.insert(ops.end(), {" = ", " != "});
  if (!path.multiple && ordered) ops.insert(ops.end(), {" < ", " <= ", " > ", " >= "});
  for (const std::string& op : ops) {
    std::string form = op == ":" ? ":" : op.substr(1, op.size() - 2);
    for (const std::string& literal : Literals(path, filler)) {
      probes.push_back({subject.path + op + literal, form, &subject});
    }
    bool equality = op == ":" || op == " = " || op == " != ";
    if (equality) {
      for (const char* joint : {" OR ", " AND "}) {
        std::string choice;
        for (const std::string& literal : Literals(path, filler)) {
          choice += (choice.empty() ? "(" : joint) + subject.path + op + literal;
        }
        probes.push_back({choice + ")", form + joint + "choice", &subject});
      }
    }
    if (path.type != Type::kString || !equality) continue;
    for (const auto& [kind, patterns] : Patterns(path)) {
      // `:*` is presence.
      if (kind == "any" && op == ":") continue;
      for (const std::string& pattern : patterns) {
        probes.push_back({subject.path + op + pattern, form + " " + kind, &subject});
      }
    }
  }
  return probes;
}

}  // namespace

const std::vector<Subject>& Subjects() {
  return kSubjects;
}

const std::vector<std::string>& IndexedFields() {
  return kIndexed;
}

Schema SpecimenSchema() {
  Schema schema(Specimen::descriptor());
  schema.SetSearchable({"display_name", "tags"});
  return schema;
}

SqlColumn::Kind ColumnKind(const FieldPath& path) {
  if (path.multiple || path.steps[0].field->is_map()) return SqlColumn::Kind::kIndexed;
  if (path.text == "owner" || path.text == "channel") return SqlColumn::Kind::kUuid;
  switch (path.type) {
    case Type::kBool:
    case Type::kBytes:
    case Type::kMessage:
      return SqlColumn::Kind::kBool;
    case Type::kDouble:
      return SqlColumn::Kind::kDouble;
    case Type::kString:
      return SqlColumn::Kind::kText;
    case Type::kTime:
      return SqlColumn::Kind::kTime;
    default:
      return SqlColumn::Kind::kInt;
  }
}

std::string UuidPrefix(const FieldPath& path) {
  return path.text == "owner" ? "users/" : "channels/";
}

std::string ColumnName(std::string path) {
  std::replace(path.begin(), path.end(), '.', '_');
  return path;
}

std::optional<SqlColumn> SpecimenColumns::Find(const FieldPath& path) const {
  SqlColumn column{.kind = ColumnKind(path)};
  if (column.kind == SqlColumn::Kind::kIndexed) {
    column.index = {"custom_index", "t.tenant", "t.id", "specimen"};
  } else {
    column.expression = "t." + ColumnName(path.text);
    column.prefix = UuidPrefix(path);
  }
  return column;
}

std::optional<std::string> SpecimenColumns::Search(std::string_view placeholder) const {
  return "strpos(t.search, " + std::string(placeholder) + ") > 0";
}

std::vector<Specimen> Specimens(size_t count) {
  Filler filler(42);
  std::vector<Specimen> specimens(count);
  for (size_t i = 1; i < count; ++i) {
    Specimen filled;
    filler.Fill(filled, 0);
    // Once through the wire, so that a key that was added twice is one entry.
    EXPECT_TRUE(specimens[i].ParseFromString(filled.SerializeAsString()));
  }
  return specimens;
}

std::vector<Probe> Probes(size_t combinations) {
  Filler filler(7);
  std::vector<Probe> probes;
  for (const Subject& subject : Subjects()) {
    for (Probe& probe : ProbesOf(subject, filler)) {
      probes.push_back({"NOT " + probe.text, "NOT " + probe.form, &subject});
      probes.push_back(std::move(probe));
    }
  }
  for (const char* word : {"ab", "אב", "a*", "\"%\"", "*", "-ab", "\"a b\"", "AB"}) {
    probes.push_back({word, "word", nullptr});
  }
  size_t atoms = probes.size();
  for (size_t i = 0; i < combinations; ++i) {
    std::string text = filler.Below(4) == 0 ? "NOT (" : "(";
    for (size_t n = 2 + filler.Below(3); n > 0; --n) {
      text += probes[filler.Below(atoms)].text;
      if (n > 1) text += filler.Below(2) == 0 ? " AND " : " OR ";
      if (n > 1 && filler.Below(5) == 0)
        text += "NOT (" + probes[filler.Below(atoms)].text + ") OR ";
    }
    probes.push_back({text + ")", "combination", nullptr});
  }
  return probes;
}

namespace {

TEST(Probes, HoldEveryFormOfAFieldOnceOrMoreAndAsManyCombinationsAsAsked) {
  std::vector<std::string> forms;
  size_t combinations = 0;
  for (const Probe& probe : Probes(10)) {
    combinations += probe.form == "combination";
    if (probe.subject == nullptr || probe.subject->path != "score") continue;
    if (std::find(forms.begin(), forms.end(), probe.form) == forms.end()) {
      forms.push_back(probe.form);
    }
  }
  EXPECT_EQ(combinations, 10u);
  EXPECT_EQ(forms.size(), 2u * 16u)
      << "presence, two of null, has, six comparisons, six choices; plain and NOT";
}

}  // namespace
}  // namespace crm::filter
