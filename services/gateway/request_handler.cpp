#include "services/gateway/request_handler.h"

#include "libs/trace/trace_context.h"
#include "services/gateway/call_headers.h"
#include "services/gateway/error_response.h"
#include "services/gateway/readiness.h"
#include "services/gateway/stream_format.h"
#include "services/gateway/transcoder.h"
#include "services/gateway/url.h"

namespace crm::gateway {
namespace {

Status Busy(const std::string& reason, const std::string& what) {
  return Status(Code::kResourceExhausted, reason, what + " Try again after the given delay.")
      .RetryAfter(std::chrono::seconds(1));
}

HttpResponse JsonResponse(std::string json) {
  HttpResponse response;
  response.SetHeader("Content-Type", "application/json; charset=utf-8");
  response.body = std::move(json);
  if (!response.body.ends_with('\n')) response.body += '\n';
  return response;
}

void AddEtag(const google::protobuf::Message& message, HttpResponse& response) {
  const auto* field = FindStringField(*message.GetDescriptor(), "etag");
  if (field == nullptr) return;
  const std::string etag = message.GetReflection()->GetString(message, field);
  if (!etag.empty()) response.SetHeader("ETag", "\"" + etag + "\"");
}

}  // namespace

struct RequestHandler::Job {
  Job(std::shared_ptr<HttpExchange> its_exchange, RequestRecord its_record, std::string id)
      : exchange(std::move(its_exchange)),
        record(std::move(its_record)),
        request_id(std::move(id)) {}

  std::shared_ptr<HttpExchange> exchange;
  RequestRecord record;
  std::string request_id;
  std::string_view path, query;
  RouteMatch match{};

  const HttpRequest& http() const { return exchange->request(); }
  const Route& route() const { return *match.route; }
};

struct RequestHandler::PreparedCall {
  std::shared_ptr<rpc::RpcClient> client;
  std::string request;
  rpc::ClientCallOptions options;
  bool pretty_print;
};

RequestHandler::RequestHandler(RequestOptions options, GatewayParts parts)
    : options_(options),
      parts_(parts),
      backends_(parts.channels),
      call_pool_(options.call_threads, options.call_queue),
      stream_pool_(options.max_streams, options.max_streams) {}

RequestHandler::~RequestHandler() {
  Stop();
}

void RequestHandler::Stop() {
  call_pool_.Stop();
  stream_pool_.Stop();
}

void RequestHandler::Handle(std::shared_ptr<HttpExchange> exchange) {
  const HttpRequest& http = exchange->request();
  auto record = parts_.telemetry.Begin(http.method, http.Header(trace::kTraceparent).value_or(""));
  auto job = std::make_shared<Job>(exchange, std::move(record), RequestIdOf(http, parts_.ids));
  std::tie(job->path, job->query) = SplitTarget(http.target);
  if (HandleWithoutRoute(job)) return;
  auto match = parts_.routes.Find(http.method, job->path);
  if (!match) return Fail(*job, match.status());
  job->match = *std::move(match);
  job->record.route = job->route().path.text();
  if (!job->route().method->server_streaming()) return Enqueue(job);
  if (http.method != "HEAD") return EnqueueStream(job);
  Fail(*job, Status(Code::kUnimplemented, "HTTP_METHOD_NOT_ALLOWED",
                    "A stream has no head of its own. Send GET.")
                 .With("allow", "GET"));
}

bool RequestHandler::HandleWithoutRoute(const JobPtr& job) {
  const HttpRequest& http = job->http();
  if (http.method == "OPTIONS") {
    const std::string methods = parts_.routes.AllowedMethods(job->path);
    HttpResponse response{.status = 204};
    if (Cors::IsPreflight(http)) {
      response = parts_.cors.Preflight(http, methods);
    } else {
      response.SetHeader("Allow", methods.empty() ? "OPTIONS" : methods + ", OPTIONS");
    }
    Finish(*job, std::move(response), Status());
    return true;
  }
  const bool reads = http.method == "GET" || http.method == "HEAD";
  if (reads && (job->path == "/healthz" || job->path == "/readyz")) job->record.route = job->path;
  if (reads && job->path == "/healthz") {
    Finish(*job, JsonResponse(R"({"status":"ok"})"), Status());
    return true;
  }
  if (reads && job->path == "/readyz") {
    CheckBackends(job);
    return true;
  }
  return false;
}

void RequestHandler::CheckBackends(const JobPtr& job) {
  CheckReadiness(parts_.routes, parts_.channels, call_pool_, [this, job](Readiness readiness) {
    HttpResponse response = JsonResponse(readiness.ToJson(draining_));
    if (draining_ || !readiness.ready()) response.status = 503;
    Finish(*job, std::move(response), Status());
  });
}

void RequestHandler::Enqueue(const JobPtr& job) {
  if (call_pool_.Post([this, job] { Call(*job); })) return;
  parts_.telemetry.CountRefusal("calls");
  Fail(*job, Busy("GATEWAY_BUSY", "Too many requests wait for an answer."));
}

void RequestHandler::EnqueueStream(const JobPtr& job) {
  const bool room = streams_.fetch_add(1) < options_.max_streams;
  const auto run = [this, job] {
    parts_.telemetry.CountStream(1);
    Stream(*job);
    parts_.telemetry.CountStream(-1);
    --streams_;
  };
  if (room && stream_pool_.Post(run)) return;
  --streams_;
  parts_.telemetry.CountRefusal("streams");
  Fail(*job, Busy("GATEWAY_STREAMS_EXHAUSTED", "Too many streams are open."));
}

rpc::Metadata RequestHandler::MetadataOf(const Job& job, const std::string& ticket) const {
  rpc::Metadata metadata = CredentialsOf(job.http(), ticket);
  metadata.emplace("x-request-id", job.request_id);
  metadata.emplace("x-forwarded-for", parts_.clients.Of(job.http()));
  metadata.emplace(trace::kTraceparent, trace::FormatTraceparent(job.record.span.context()));
  return metadata;
}

Result<RequestHandler::PreparedCall> RequestHandler::Prepare(Job& job) const {
  const HttpRequest& http = job.http();
  if (auto status = CheckContentType(http); !status.ok()) return status;
  auto request = ReadRequest(job.match, {job.query, http.body});
  if (!request) return request.status();
  if (auto status = ApplyHeaders(http, job.route(), *request->message); !status.ok()) return status;
  const bool streams = job.route().method->server_streaming();
  // A stream lasts until one side ends it, unless the client sets a time.
  auto timeout = TimeoutOf(http, streams ? std::chrono::milliseconds(0) : options_.timeout,
                           options_.longest_timeout);
  if (!timeout) return timeout.status();
  auto client = backends_.ForCall(*job.route().method, *request->message);
  if (!client) return client.status();
  return PreparedCall{.client = *std::move(client),
                      .request = request->message->SerializeAsString(),
                      .options = {.timeout = *timeout,
                                  .metadata = MetadataOf(job, request->system.ticket),
                                  .stop = job.exchange->stop_token()},
                      .pretty_print = request->system.pretty_print};
}

void RequestHandler::Call(Job& job) const {
  const trace::Scope scope(job.record.span.context());
  auto call = Prepare(job);
  if (!call) return Fail(job, call.status());
  auto bytes = call->client->CallBytes(job.route().RpcName(), call->request, call->options);
  if (!bytes) return Fail(job, bytes.status());
  auto message = ParseResponse(job.route(), *bytes);
  if (!message) return Fail(job, message.status());
  auto json = PrintResponse(job.route(), **message, call->pretty_print);
  if (!json) return Fail(job, json.status());
  HttpResponse response = JsonResponse(*std::move(json));
  AddEtag(**message, response);
  Finish(job, std::move(response), Status());
}

void RequestHandler::Stream(Job& job) const {
  const trace::Scope scope(job.record.span.context());
  auto call = Prepare(job);
  if (!call) return Fail(job, call.status());
  StreamFormat format(job.route(), WantsEventStream(job.http()));
  HttpResponse head = format.Head();
  Decorate(job, head);
  job.exchange->OpenStream(head, {.open_after = options_.stream_opens_after,
                                  .heartbeat = format.Heartbeat(),
                                  .heartbeat_interval = options_.heartbeat_interval});
  Status failure;
  bool opened = false;
  Status status = call->client->StreamBytes(
      job.route().RpcName(), call->request, call->options, [&](const std::string& bytes) {
        auto message = format.Message(bytes);
        failure = message.status();
        opened = opened || message.ok();
        return message.ok() && job.exchange->Write(*std::move(message));
      });
  if (!failure.ok()) status = failure;
  if (!status.ok() && draining_ && job.exchange->stop_token().stop_requested()) {
    status = Unavailable("GATEWAY_STREAM_ENDED", "The gateway is being stopped. Connect again.")
                 .RetryAfter(std::chrono::seconds(1));
  }
  HttpResponse instead = status.ok() ? head : ErrorResponse(status);
  if (!status.ok()) Decorate(job, instead);
  // Before the client can see the end, so that whoever saw it finds the record.
  parts_.telemetry.End(job.record, opened ? 200 : instead.status, status);
  job.exchange->EndStream(std::move(instead), status.ok() ? "" : format.Failure(status));
}

void RequestHandler::Decorate(const Job& job, HttpResponse& response) const {
  response.SetHeader("X-Request-Id", job.request_id);
  response.SetHeader(std::string(trace::kTraceparent),
                     trace::FormatTraceparent(job.record.span.context()));
  response.SetHeader("X-Content-Type-Options", "nosniff");
  response.SetHeader("Cache-Control", "no-store");
  parts_.cors.Decorate(job.http(), response);
}

void RequestHandler::Finish(Job& job, HttpResponse response, const Status& status) const {
  Decorate(job, response);
  parts_.telemetry.End(job.record, response.status, status);
  job.exchange->Respond(std::move(response));
}

void RequestHandler::Fail(Job& job, const Status& status) const {
  Finish(job, ErrorResponse(status), status);
}

}  // namespace crm::gateway
