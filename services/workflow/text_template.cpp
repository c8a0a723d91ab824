#include "services/workflow/text_template.h"

#include <google/protobuf/descriptor.h>

#include <charconv>

namespace crm::workflow {

using filter::Type;

namespace {

std::string TextOf(const filter::Value& value, const filter::FieldPath& path) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* time = std::get_if<Time>(&value)) return FormatTime(*time);
  if (const auto* number = std::get_if<int64_t>(&value)) {
    const auto* named = path.enumeration == nullptr
                            ? nullptr
                            : path.enumeration->FindValueByNumber(static_cast<int>(*number));
    return named == nullptr ? std::to_string(*number) : named->name();
  }
  if (const auto* number = std::get_if<double>(&value)) {
    char buffer[32];
    return std::string(buffer, std::to_chars(buffer, buffer + sizeof(buffer), *number).ptr);
  }
  return std::to_string(std::get<Duration>(value) / std::chrono::seconds(1)) + "s";
}

// Never within a character.
void Cut(std::string& text, size_t max_length) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins && ++characters > max_length) return text.resize(i);
  }
}

}  // namespace

Result<filter::FieldPath> ResolveText(std::string_view text, const filter::Schema& schema,
                                      const std::string& field) {
  auto path = schema.Resolve(text, field);
  if (!path.ok()) {
    return InvalidField(field, "names \"" + std::string(text) + "\": " + path.status().message());
  }
  if (path->multiple || path->type == Type::kBytes || path->type == Type::kMessage ||
      path->type == Type::kMap) {
    return InvalidField(field, "names \"" + std::string(text) + "\", which is not a single value");
  }
  return path;
}

std::string TextOf(const filter::FieldPath& path, const filter::EvalContext& context) {
  const auto* message = context.roots[static_cast<size_t>(path.root)];
  if (message == nullptr) return "";
  auto value = filter::ReadValue(path, *message);
  return value ? TextOf(*value, path) : "";
}

Result<TextTemplate> TextTemplate::Parse(std::string_view text, const filter::Schema& schema,
                                         const std::string& field) {
  TextTemplate parsed;
  while (true) {
    size_t open = text.find_first_of("{}");
    Part part{std::string(text.substr(0, open)), {}};
    if (open == std::string_view::npos) {
      parsed.parts_.push_back(std::move(part));
      return parsed;
    }
    size_t close = text.find_first_of("{}", open + 1);
    if (text[open] == '}' || close == std::string_view::npos || text[close] == '{') {
      return InvalidField(field,
                          "has a brace without its partner; fields are written {lead.owner}");
    }
    auto path = ResolveText(text.substr(open + 1, close - open - 1), schema, field);
    if (!path.ok()) return path.status();
    part.path = std::move(*path);
    parsed.parts_.push_back(std::move(part));
    text.remove_prefix(close + 1);
  }
}

std::string TextTemplate::Render(const filter::EvalContext& context, size_t max_length) const {
  std::string text;
  for (const Part& part : parts_) {
    text += part.text;
    if (!part.path.steps.empty()) text += TextOf(part.path, context);
  }
  Cut(text, max_length);
  return text;
}

}  // namespace crm::workflow
