#include "services/gateway/path_template.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "services/gateway/url.h"

namespace crm::gateway {

// Recursive descent over the grammar in the header.
class PathTemplateParser {
 public:
  explicit PathTemplateParser(std::string_view text) : text_(text) { out_.text_ = text; }

  Result<PathTemplate> Parse() {
    if (!Take('/')) return Error("a template starts with \"/\"");
    if (auto status = Segments(/*in_variable=*/false); !status.ok()) return status;
    if (Take(':')) {
      auto verb = Literal("a verb");
      if (!verb) return verb.status();
      out_.verb_ = *verb;
    }
    if (position_ != text_.size()) return Error("unexpected character");
    return std::move(out_);
  }

 private:
  Status Segments(bool in_variable) {
    do {
      if (!out_.segments_.empty() && out_.segments_.back().kind == PathTemplate::Kind::kMany) {
        return Error("\"**\" must be the last segment");
      }
      if (auto status = Segment(in_variable); !status.ok()) return status;
    } while (Take('/'));
    return {};
  }

  Status Segment(bool in_variable) {
    if (Take('{')) return in_variable ? Error("a variable cannot contain another") : Variable();
    if (Take('*')) {
      const bool many = Take('*');
      Add(many ? PathTemplate::Kind::kMany : PathTemplate::Kind::kOne, "");
      return {};
    }
    auto literal = Literal("a segment");
    if (!literal) return literal.status();
    auto decoded = PercentDecode(*literal);
    if (!decoded) return Error("bad percent-encoding");
    Add(PathTemplate::Kind::kLiteral, *decoded);
    return {};
  }

  Status Variable() {
    PathTemplate::Variable variable;
    variable.first_segment = out_.segments_.size();
    do {
      const size_t start = position_;
      while (position_ < text_.size() && IsIdentifier(text_[position_])) ++position_;
      if (start == position_ || std::isdigit(static_cast<unsigned char>(text_[start]))) {
        return Error("expected the name of a field");
      }
      if (!variable.field_path.empty()) variable.field_path += '.';
      variable.field_path += text_.substr(start, position_ - start);
    } while (Take('.'));
    if (Take('=')) {
      if (auto status = Segments(/*in_variable=*/true); !status.ok()) return status;
    } else {
      Add(PathTemplate::Kind::kOne, "");
    }
    if (!Take('}')) return Error("expected \"}\"");
    variable.segment_count = out_.segments_.size() - variable.first_segment;
    variable.multi_segment =
        variable.segment_count > 1 || out_.segments_.back().kind == PathTemplate::Kind::kMany;
    out_.variables_.push_back(std::move(variable));
    return {};
  }

  Result<std::string> Literal(const std::string& what) {
    const size_t start = position_;
    while (position_ < text_.size() &&
           std::string_view("/{}*:=?#").find(text_[position_]) == std::string_view::npos) {
      ++position_;
    }
    if (start == position_) return Error(what + " is empty");
    return std::string(text_.substr(start, position_ - start));
  }

  void Add(PathTemplate::Kind kind, std::string literal) {
    out_.specificity_ += static_cast<char>('0' + static_cast<int>(kind));
    out_.segments_.push_back({kind, std::move(literal)});
  }

  bool Take(char c) {
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  static bool IsIdentifier(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  }

  Status Error(const std::string& what) const {
    return InvalidArgument("INVALID_PATH_TEMPLATE", "Path template \"" + std::string(text_) +
                                                        "\" at character " +
                                                        std::to_string(position_) + ": " + what);
  }

  const std::string_view text_;
  size_t position_ = 0;
  PathTemplate out_;
};

Result<PathTemplate> PathTemplate::Parse(std::string_view text) {
  return PathTemplateParser(text).Parse();
}

std::optional<std::vector<std::string>> PathTemplate::Match(const RequestPath& path) const {
  if (path.verb != verb_) return std::nullopt;
  const bool open_ended = !segments_.empty() && segments_.back().kind == Kind::kMany;
  const size_t fixed = segments_.size() - (open_ended ? 1 : 0);
  if (path.segments.size() < fixed) return std::nullopt;
  if (!open_ended && path.segments.size() != fixed) return std::nullopt;
  for (size_t i = 0; i < fixed; ++i) {
    const std::string_view actual = path.segments[i];
    if (actual.empty()) return std::nullopt;
    if (segments_[i].kind != Kind::kLiteral || actual == segments_[i].literal) continue;
    if (actual.find('%') == std::string_view::npos) return std::nullopt;
    const auto decoded = PercentDecode(actual);
    if (!decoded || *decoded != segments_[i].literal) return std::nullopt;
  }
  std::vector<std::string> values;
  for (const auto& variable : variables_) values.push_back(ValueOf(variable, path));
  return values;
}

std::string PathTemplate::ValueOf(const Variable& variable, const RequestPath& path) const {
  const bool to_the_end =
      segments_[variable.first_segment + variable.segment_count - 1].kind == Kind::kMany;
  const size_t end =
      to_the_end ? path.segments.size() : variable.first_segment + variable.segment_count;
  std::string raw;
  for (size_t i = variable.first_segment; i < end; ++i) {
    if (i > variable.first_segment) raw += '/';
    raw += path.segments[i];
  }
  auto value =
      PercentDecode(raw, variable.multi_segment ? Slashes::kKeepEncoded : Slashes::kDecode);
  return value ? *std::move(value) : raw;
}

std::string PathTemplate::Shape() const {
  std::string shape;
  for (const auto& segment : segments_) {
    shape += '/';
    shape += segment.kind == Kind::kLiteral ? segment.literal
             : segment.kind == Kind::kOne   ? "*"
                                            : "**";
  }
  return verb_.empty() ? shape : shape + ":" + verb_;
}

}  // namespace crm::gateway
