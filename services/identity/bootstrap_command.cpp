#include "services/identity/bootstrap_command.h"

#include <cstdio>
#include <future>

#include "libs/auth/secrets.h"
#include "libs/base/base64url.h"
#include "libs/base/executor.h"
#include "libs/command/pg_store.h"
#include "libs/command/pipeline.h"
#include "libs/config/config.h"
#include "libs/service/databases.h"
#include "services/identity/bootstrap.h"
#include "services/identity/module.h"
#include "services/identity/tenants.h"

namespace crm::identity {

namespace {

constexpr size_t kPasswordBytes = 12;

// One call through the service's own pipeline. What it logs is relayed by the service when that
// runs.
Status RunOnce(runtime::AppContext& app, const Uuid& tenant, std::function<Status(Call&)> work) {
  auto databases = OpenDatabases(app.config, "identity");
  if (!databases.ok()) return databases.status();
  RecordTypes types(Records());
  PgStore store(*databases->own, *databases->scan);
  Committer committer(store, {}, nullptr);
  ThreadPool pool(1, 16);
  PipelineParts parts;
  parts.services = {&types, &store, &committer, nullptr, "identity"};
  parts.committer = &committer;
  parts.executor = &pool;
  parts.clock = &app.clock;
  parts.ids = &app.ids;
  parts.log = &app.log;
  parts.metrics = &app.metrics;
  CallPipeline pipeline(parts);
  committer.Start();
  InternalCall call;
  call.id = app.ids.Next();
  call.principal = Principal::System(tenant, "identity");
  call.cause.correlation = call.id.ToString();
  call.origin = "command:bootstrap";
  call.run = std::move(work);
  std::promise<Status> ended;
  auto taken = pipeline.Run(std::move(call), [&](Status status) { ended.set_value(status); });
  Status status = taken.ok() ? ended.get_future().get() : taken;
  pool.Stop();
  committer.Stop();
  return status;
}

Status Bootstrap(runtime::AppContext& app) {
  auto required = config::Require(app.config, {"bootstrap.tenant", "bootstrap.email"});
  if (!required.ok()) return required;
  auto secrets = LoadSecrets(app.config);
  if (!secrets.ok()) return secrets.status();
  const auto& wanted = app.config.bootstrap();
  auto password = config::ReadSecret(wanted.password_file());
  if (!password.ok()) return password.status();
  bool made_up = password->empty();
  if (made_up) *password = ToBase64Url(auth::RandomBytes(kPasswordBytes));
  NewTenant tenant{wanted.tenant(), wanted.email(), wanted.display_name(), *password};
  BootstrappedTenant made;
  auto status = RunOnce(app, TenantIdOf(ShortName(wanted.tenant())), [&](Call& call) {
    auto result = BootstrapTenant(call, tenant, (*secrets)->hasher);
    if (!result.ok()) return result.status();
    made = std::move(*result);
    return Status::Ok();
  });
  if (!status.ok()) return status;
  std::printf("CRM_TENANT=%s\nCRM_ADMIN_EMAIL=%s\n", made.short_name.c_str(), tenant.email.c_str());
  if (made_up) std::printf("CRM_ADMIN_PASSWORD=%s\n", password->c_str());
  std::printf("CRM_KEY=%s\nCRM_FORM_KEY=%s\n", made.admin_key.c_str(), made.form_key.c_str());
  return Status::Ok();
}

}  // namespace

runtime::Command BootstrapCommand() {
  return {"Make the first tenant (bootstrap.tenant, bootstrap.email) and print its keys",
          Bootstrap};
}

}  // namespace crm::identity
