#include "services/gateway/gateway.h"

#include <utility>

namespace crm::gateway {

Gateway::Gateway(GatewayOptions options, RouteTable routes, ClientAddress clients,
                 GatewayContext context)
    : routes_(std::move(routes)),
      cors_(std::move(options.cors)),
      clients_(std::move(clients)),
      telemetry_(std::move(context.log), context.metrics, context.tracer, context.clock),
      handler_(options.requests,
               {routes_, context.channels, cors_, clients_, telemetry_, context.ids}) {}

Result<std::unique_ptr<Gateway>> Gateway::Create(GatewayOptions options, GatewayContext context) {
  auto routes = RouteTable::Build(LinkedServices("crm."));
  if (!routes) return routes.status();
  auto clients = ClientAddress::Create(options.trusted_proxies);
  if (!clients) return clients.status();
  HttpServerOptions http = options.http;
  std::unique_ptr<Gateway> gateway(
      new Gateway(std::move(options), *std::move(routes), *std::move(clients), context));
  http.on_refused = [telemetry = &gateway->telemetry_](const Status& status) {
    telemetry->CountRefusal(status.reason());
  };
  auto server = HttpServer::Create(
      std::move(http),
      [handler = &gateway->handler_](std::shared_ptr<HttpExchange> exchange) {
        handler->Handle(std::move(exchange));
      },
      context.clock);
  if (!server) return server.status();
  gateway->server_ = *std::move(server);
  return gateway;
}

Gateway::~Gateway() {
  Drain(std::chrono::milliseconds(0));
}

void Gateway::Start() {
  server_->Start();
}

int Gateway::port() const {
  return server_->port();
}

void Gateway::AnnounceDrain() {
  handler_.AnnounceDrain();
}

void Gateway::Drain(std::chrono::milliseconds patience) {
  handler_.AnnounceDrain();
  if (server_) server_->Drain(patience);
  handler_.Stop();
}

}  // namespace crm::gateway
