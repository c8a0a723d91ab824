// PathTemplate: a URL path with variables, as google.api.http writes it.
//
//   Template  = "/" Segments [ Verb ] ;
//   Segments  = Segment { "/" Segment } ;
//   Segment   = "*" | "**" | LITERAL | Variable ;
//   Variable  = "{" FieldPath [ "=" Segments ] "}" ;
//   FieldPath = IDENT { "." IDENT } ;
//   Verb      = ":" LITERAL ;
//
// "*" matches one segment that is not empty. "**" matches any number, also none, and stands last. A
// literal matches by its decoded text. A variable of one segment is decoded whole; one of many
// keeps "%2F" as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace crm::gateway {

// The path of a request, cut at its slashes and still percent-encoded.
struct RequestPath {
  std::vector<std::string_view> segments;
  std::string_view verb;  // without ":"; empty: none
};

// An immutable value.
class PathTemplate {
 public:
  struct Variable {
    std::string field_path;  // "lead.name"
    size_t first_segment;
    size_t segment_count;  // of the template
    bool multi_segment;    // {name=leads/*} or {path=**}, not {id}
  };

  // Fails with INVALID_PATH_TEMPLATE and the position.
  static Result<PathTemplate> Parse(std::string_view text);

  // The decoded value of each variable, in order; nullopt where the path does not match. The path's
  // percent-encoding must be valid (see PercentDecode).
  std::optional<std::vector<std::string>> Match(const RequestPath& path) const;

  const std::string& text() const { return text_; }
  const std::string& verb() const { return verb_; }
  const std::vector<Variable>& variables() const { return variables_; }
  // Orders templates so that of two that match one path the more specific comes first: literal,
  // then "*", then "**".
  const std::string& specificity() const { return specificity_; }
  // The template without names of variables: two templates of one shape match the same paths.
  std::string Shape() const;

 private:
  friend class PathTemplateParser;

  enum class Kind { kLiteral, kOne, kMany };
  struct Segment {
    Kind kind;
    std::string literal;  // decoded
  };

  std::string ValueOf(const Variable& variable, const RequestPath& path) const;

  std::string text_;
  std::string verb_;
  std::string specificity_;
  std::vector<Segment> segments_;
  std::vector<Variable> variables_;
};

}  // namespace crm::gateway
