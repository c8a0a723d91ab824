// TextTemplate: text with fields in braces, "Call {lead.display_name}". There is no way to write a
// brace itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/filter/schema.h"

namespace crm::workflow {

// A value; does not need its schema any more.
class TextTemplate {
 public:
  // INVALID_ARGUMENT (INVALID_FIELD of `field`) where a brace has no partner, or what is between
  // them is not a single value.
  static Result<TextTemplate> Parse(std::string_view text, const filter::Schema& schema,
                                    const std::string& field);

  // Unset fields are empty. At most `max_length` characters: a longer text is cut.
  std::string Render(const filter::EvalContext& context, size_t max_length) const;

 private:
  struct Part {
    std::string text;
    // Of the value behind the text; no steps: none.
    filter::FieldPath path;
  };
  std::vector<Part> parts_;
};

// The value of one field as text: enums by name, times in RFC 3339.
std::string TextOf(const filter::FieldPath& path, const filter::EvalContext& context);

// A path to a single value that has a text; refused like a placeholder.
Result<filter::FieldPath> ResolveText(std::string_view path, const filter::Schema& schema,
                                      const std::string& field);

}  // namespace crm::workflow
