#include "services/gateway/request_parser.h"

#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstring>
#include <optional>

namespace crm::gateway {
namespace {

namespace http = boost::beast::http;

std::string ToString(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// "http://host/path" to "/path", as RFC 9112 asks of servers.
std::string OriginForm(std::string target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const size_t path = target.find_first_of("/?", scheme.size());
    if (path == std::string::npos) return "/";
    return (target[path] == '?' ? "/" : "") + target.substr(path);
  }
  return target;
}

Status Malformed(const std::string& why) {
  return InvalidArgument("HTTP_MALFORMED", "This is not a request of HTTP/1.1: " + why + ".");
}

}  // namespace

struct RequestParser::State {
  size_t max_header_bytes;
  size_t max_body_bytes;
  // A read may be under way while the buffer is used, so it does not go into the buffer itself.
  std::array<char, 8 << 10> space;
  boost::beast::flat_buffer buffer;
  std::optional<http::request_parser<http::string_body>> parser;
  bool started = false;
  bool header_done = false;

  Status Failure(const boost::system::error_code& error) const {
    if (error == http::error::header_limit) {
      return InvalidArgument("HTTP_HEADER_TOO_LARGE", "The request's header is larger than " +
                                                          std::to_string(max_header_bytes) +
                                                          " bytes. Send fewer or shorter headers.");
    }
    if (error == http::error::body_limit) {
      return InvalidArgument("HTTP_BODY_TOO_LARGE", "The request's body is larger than " +
                                                        std::to_string(max_body_bytes) +
                                                        " bytes. Send it in smaller parts.");
    }
    return Malformed(error.message());
  }
};

RequestParser::RequestParser(size_t max_header_bytes, size_t max_body_bytes)
    : state_(std::make_unique<State>()) {
  state_->max_header_bytes = max_header_bytes;
  state_->max_body_bytes = max_body_bytes;
  Begin();
}

RequestParser::~RequestParser() = default;

std::span<char> RequestParser::Space() {
  return state_->space;
}

void RequestParser::Commit(size_t bytes) {
  auto& buffer = state_->buffer;
  std::memcpy(buffer.prepare(bytes).data(), state_->space.data(), bytes);
  buffer.commit(bytes);
}
size_t RequestParser::buffered() const {
  return state_->buffer.size();
}
void RequestParser::DropBuffered() {
  state_->buffer.consume(state_->buffer.size());
}

void RequestParser::Begin() {
  state_->parser.emplace();
  state_->parser->header_limit(static_cast<uint32_t>(state_->max_header_bytes));
  state_->parser->body_limit(state_->max_body_bytes);
  state_->started = state_->header_done = false;
}

Status RequestParser::Parse() {
  auto& parser = *state_->parser;
  auto& buffer = state_->buffer;
  state_->started = state_->started || buffer.size() > 0;
  while (buffer.size() > 0 && !parser.is_done()) {
    boost::system::error_code error;
    const size_t used = parser.put(buffer.data(), error);
    buffer.consume(used);
    if (error && error != http::error::need_more) return state_->Failure(error);
    if (parser.is_header_done() && !state_->header_done) {
      state_->header_done = true;
      if (parser.get().version() >= 11 && parser.get().count(http::field::host) != 1) {
        return Malformed("it needs exactly one Host header");
      }
    }
    if (error || used == 0) break;
  }
  return {};
}

bool RequestParser::started() const {
  return state_->started;
}
bool RequestParser::header_done() const {
  return state_->header_done;
}
bool RequestParser::done() const {
  return state_->parser->is_done();
}

bool RequestParser::is_head() const {
  return state_->header_done && state_->parser->get().method() == http::verb::head;
}

bool RequestParser::keeps_alive() const {
  return state_->header_done && state_->parser->get().keep_alive();
}

bool RequestParser::understands_chunks() const {
  return state_->header_done && state_->parser->get().version() >= 11;
}

bool RequestParser::awaits_continue() const {
  return state_->header_done && !done() && state_->buffer.size() == 0 &&
         EqualsIgnoringCase(ToString(state_->parser->get()[http::field::expect]), "100-continue");
}

HttpRequest RequestParser::Take() {
  auto parsed = state_->parser->release();
  HttpRequest request;
  request.method = ToString(parsed.method_string());
  request.target = OriginForm(ToString(parsed.target()));
  for (const auto& field : parsed) {
    request.headers.emplace_back(ToString(field.name_string()), ToString(field.value()));
  }
  request.body = std::move(parsed.body());
  return request;
}

}  // namespace crm::gateway
