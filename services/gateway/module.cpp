#include "services/gateway/module.h"

#include <algorithm>
#include <charconv>

#include "libs/config/config.h"

namespace crm::gateway {
namespace {

constexpr char kName[] = "gateway";
// A thread that calls a service does nothing but wait.
constexpr size_t kCallThreadsPerWorker = 8;

std::chrono::milliseconds Milliseconds(const google::protobuf::Duration& duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(config::ToDuration(duration));
}

Status SplitAddress(const std::string& text, HttpServerOptions& http) {
  const size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host == "localhost") host = "127.0.0.1";
  const char* end = text.data() + text.size();
  const char* digits = colon == std::string::npos ? end : text.data() + colon + 1;
  const auto [rest, error] = std::from_chars(digits, end, http.port);
  if (error != std::errc() || rest != end || host.empty()) {
    return InvalidArgument("CONFIG_INVALID",
                           "gateway.listen_address is host:port, not \"" + text + "\".");
  }
  http.address = host;
  return {};
}

class GatewayModule final : public runtime::Module {
 public:
  GatewayModule(runtime::AppContext& context, rpc::ChannelFactory& channels)
      : context_(context), channels_(channels), log_(context.log.With({{"module", kName}})) {}

  std::string name() const override { return kName; }
  std::vector<std::string> depends_on() const override { return {"rpc"}; }

  Status Start() override {
    auto options = OptionsOf(context_.config);
    if (!options) return options.status();
    auto gateway = Gateway::Create(
        *std::move(options),
        {channels_, context_.metrics, context_.tracer, context_.clock, context_.ids, log_});
    if (!gateway) return gateway.status();
    gateway_ = *std::move(gateway);
    gateway_->Start();
    // The monitor outlives the module.
    context_.health.OnChange(
        [weak = std::weak_ptr(gateway_)](const std::string& module, bool serving) {
          const auto open = weak.lock();
          if (open && module == kName && !serving) open->AnnounceDrain();
        });
    log_.Info("gateway listens",
              {{"port", gateway_->port()}, {"routes", gateway_->routes().routes().size()}});
    return {};
  }

  void Stop(runtime::SteadyTime deadline) override {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    const auto patience = Milliseconds(context_.config.shutdown().drain_timeout());
    gateway_->Drain(std::max(std::min(left, patience), std::chrono::milliseconds(0)));
    gateway_.reset();
  }

 private:
  runtime::AppContext& context_;
  rpc::ChannelFactory& channels_;
  const log::Logger log_;
  std::shared_ptr<Gateway> gateway_;
};

}  // namespace

Result<GatewayOptions> OptionsOf(const config::v1::Config& config) {
  const auto& gateway = config.gateway();
  GatewayOptions options;
  if (auto status = SplitAddress(gateway.listen_address(), options.http); !status.ok()) {
    return status;
  }
  options.http.max_body_bytes = static_cast<size_t>(gateway.max_body_bytes());
  options.http.certificate_file = gateway.tls().certificate_file();
  options.http.key_file = gateway.tls().key_file();
  options.requests.timeout = Milliseconds(gateway.request_timeout());
  options.requests.longest_timeout =
      std::max(options.requests.timeout, options.requests.longest_timeout);
  options.requests.call_threads =
      kCallThreadsPerWorker * static_cast<size_t>(config.limits().worker_threads());
  options.requests.call_queue = static_cast<size_t>(config.limits().queue_length());
  options.requests.max_streams = static_cast<size_t>(gateway.max_streams());
  options.cors.allowed_origins.assign(gateway.cors_origins().begin(), gateway.cors_origins().end());
  options.trusted_proxies.assign(gateway.trusted_proxies().begin(),
                                 gateway.trusted_proxies().end());
  return options;
}

std::unique_ptr<runtime::Module> MakeModule(runtime::AppContext& context,
                                            rpc::ChannelFactory& channels) {
  return std::make_unique<GatewayModule>(context, channels);
}

}  // namespace crm::gateway
