// Gateway: the HTTP edge as one object: routes of all linked services, the server, and what lies
// between.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/log/logger.h"
#include "libs/metrics/registry.h"
#include "libs/rpc/client.h"
#include "libs/trace/span.h"
#include "services/gateway/cors.h"
#include "services/gateway/http_server.h"
#include "services/gateway/request_handler.h"

namespace crm::gateway {

struct GatewayOptions {
  HttpServerOptions http = {};
  RequestOptions requests = {};
  CorsOptions cors = {};
  // Blocks of addresses whose X-Forwarded-For is believed.
  std::vector<std::string> trusted_proxies = {};
};

// All outlive the gateway.
struct GatewayContext {
  rpc::ChannelFactory& channels;
  metrics::Registry& metrics;
  const trace::Tracer& tracer;
  const Clock& clock;
  IdGenerator& ids;
  log::Logger log;
};

// Thread-safe.
class Gateway {
 public:
  // Reads the google.api.http options of every service that is linked and whose name starts with
  // "crm.", and listens. Fails where an option is wrong (INVALID_HTTP_RULE), a proxy block is none,
  // or the server cannot be made.
  static Result<std::unique_ptr<Gateway>> Create(GatewayOptions options, GatewayContext context);
  ~Gateway();  // drains without patience

  void Start();
  int port() const;
  const RouteTable& routes() const { return routes_; }
  // /readyz answers 503; everything else goes on.
  void AnnounceDrain();
  // Takes no more connections, ends streams, waits up to `patience` for calls under way, and stops.
  // Idempotent.
  void Drain(std::chrono::milliseconds patience);

 private:
  Gateway(GatewayOptions options, RouteTable routes, ClientAddress clients, GatewayContext context);

  const RouteTable routes_;
  const Cors cors_;
  const ClientAddress clients_;
  const Telemetry telemetry_;
  RequestHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace crm::gateway
