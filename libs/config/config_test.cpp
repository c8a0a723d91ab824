#include "libs/config/config.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>
#include <fstream>

namespace crm::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// The one message that a text or source earns.
std::string Complaint(const Result<v1::Config>& result) {
  EXPECT_FALSE(result.ok());
  return result.status().message();
}

std::string OfText(std::string_view yaml) {
  return Complaint(LoadText(yaml, "crm.yaml"));
}
std::string OfSet(const std::string& set) {
  return Complaint(Load({.sets = {set}}));
}

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content) {
    int descriptor = mkstemp(path_);
    std::ofstream(path_, std::ios::binary) << content;
    fclose(fdopen(descriptor, "w"));
  }
  ~TemporaryFile() { std::remove(path_); }
  std::string path() const { return path_; }

 private:
  char path_[64] = "/tmp/crm_config_test_XXXXXX";
};

TEST(Load, StartsFromTheDefaultsThatTheProtoNames) {
  auto config = Load({});
  ASSERT_TRUE(config.ok());
  EXPECT_THAT(config->target(), ElementsAre("all"));
  EXPECT_EQ(config->rpc().listen_address(), "127.0.0.1:7001");
  EXPECT_EQ(config->log().level(), v1::Log::LEVEL_INFO);
  EXPECT_EQ(ToDuration(config->postgres().pool_wait()), std::chrono::seconds(2));
  EXPECT_EQ(ToDuration(config->auth().token_ttl()), std::chrono::minutes(15));
  EXPECT_EQ(config->kafka().security().protocol(), v1::KafkaSecurity::PROTOCOL_PLAINTEXT);
}

TEST(Load, ReadsEveryKindOfValue) {
  auto config = LoadText(R"(
target: [leads, deals]
services:
  crm.contacts.v1: contacts:7001
postgres:
  dsn: host=pg dbname=crm
  pool_size: 3
  pool_wait: 500ms
  modules:
    leads: {dsn: host=other, role: leads_role}
log:
  level: debug
trace: {sample_ratio: 0.25, log_spans: true}
gateway:
)");
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_THAT(config->target(), ElementsAre("leads", "deals"));
  EXPECT_EQ(config->services().at("crm.contacts.v1"), "contacts:7001");
  EXPECT_EQ(config->postgres().pool_size(), 3);
  EXPECT_EQ(ToDuration(config->postgres().pool_wait()), std::chrono::milliseconds(500));
  EXPECT_EQ(config->postgres().modules().at("leads").role(), "leads_role");
  EXPECT_EQ(config->log().level(), v1::Log::LEVEL_DEBUG);
  EXPECT_EQ(config->trace().sample_ratio(), 0.25);
  EXPECT_TRUE(config->trace().log_spans());
  // An empty group changes nothing.
  EXPECT_EQ(config->gateway().listen_address(), "127.0.0.1:8080");
}

TEST(Load, LaterSourcesWin) {
  TemporaryFile file(
      "kafka: {topic_prefix: file, bootstrap_servers: [a, b, c]}\nlog: {level: error}\n");
  Sources sources{.file = file.path()};
  EXPECT_EQ(Load(sources)->kafka().topic_prefix(), "file");
  sources.environment = {"CRM_KAFKA__TOPIC_PREFIX=environment", "CRM_KAFKA__BOOTSTRAP_SERVERS=d,e"};
  EXPECT_EQ(Load(sources)->kafka().topic_prefix(), "environment");
  sources.sets = {"kafka.topic_prefix=flag", "kafka.topic_prefix=last"};
  auto config = Load(sources);
  EXPECT_EQ(config->kafka().topic_prefix(), "last");
  EXPECT_THAT(config->kafka().bootstrap_servers(), ElementsAre("d", "e"));
  EXPECT_EQ(config->log().level(), v1::Log::LEVEL_ERROR);
}

TEST(Load, ReachesNamedEntriesFromEnvironmentAndFlags) {
  auto config =
      Load({.environment = {"CRM_POSTGRES__MODULES__LEADS__DSN=host=a b=c",
                            "CRM_SERVICES__CRM__LEADS__V1=leads:7001"},
            .sets = {"postgres.modules.leads.pool_size=5", "services.crm.deals.v1=deals:7001"}});
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  const auto& leads = config->postgres().modules().at("leads");
  EXPECT_EQ(leads.dsn(), "host=a b=c");
  EXPECT_EQ(leads.pool_size(), 5);
  EXPECT_EQ(config->services().at("crm.leads.v1"), "leads:7001");
  EXPECT_EQ(config->services().at("crm.deals.v1"), "deals:7001");
}

TEST(Load, LeavesVariablesOfOthersAlone) {
  auto config = Load({.environment = {"CRM_URL=http://x", "CRM_KAFKA=broker", "CRM_CRASH_AT=x:1",
                                      "PATH=/bin", "CRM_TARGET=leads", "KAFKA__TOPIC_PREFIX=x"}});
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_THAT(config->target(), ElementsAre("leads"));
  EXPECT_THAT(config->kafka().topic_prefix(), IsEmpty());
}

TEST(Load, AnEmptyTextIsTheEmptyListOrString) {
  auto config = Load({.environment = {"CRM_ADMIN__LISTEN_ADDRESS="}, .sets = {"target="}});
  ASSERT_TRUE(config.ok());
  EXPECT_THAT(config->target(), IsEmpty());
  EXPECT_EQ(config->admin().listen_address(), "");
}

TEST(Load, NamesTheNearestKeyOfAnUnknownOne) {
  EXPECT_EQ(OfText("log:\n  level: info\nkafka:\n  bootstrap_server: [a]\n"),
            "crm.yaml:4: kafka.bootstrap_server is not a known key; did you mean "
            "kafka.bootstrap_servers?");
  EXPECT_EQ(OfText("Kafka: {}"), "crm.yaml:1: Kafka is not a known key; did you mean kafka?");
  EXPECT_EQ(OfText("rpc: {listenAddress: x}"),
            "crm.yaml:1: rpc.listenAddress is not a known key; did you mean rpc.listen_address?");
  EXPECT_EQ(
      OfText("bootstrap_servers: [a]"),
      "crm.yaml:1: bootstrap_servers is not a known key; did you mean kafka.bootstrap_servers?");
  EXPECT_EQ(OfText("postgres: {scan_role: x}"),
            "crm.yaml:1: postgres.scan_role is not a known key; did you mean "
            "postgres.modules.<name>.scan_role?");
  EXPECT_EQ(OfText("postgres: {modules: {leads: {rol: x}}}"),
            "crm.yaml:1: postgres.modules.leads.rol is not a known key; did you mean "
            "postgres.modules.leads.role?");
  EXPECT_EQ(OfText("zzzzzzzzzzzz: 1"), "crm.yaml:1: zzzzzzzzzzzz is not a known key.");
  EXPECT_EQ(OfSet("kafka.topic-prefix=x"),
            "--set: kafka.topic-prefix is not a known key; did you mean kafka.topic_prefix?");
  EXPECT_EQ(Complaint(Load({.environment = {"CRM_LOG__LEVLE=info"}})),
            "CRM_LOG__LEVLE: log.levle is not a known key; did you mean log.level?");
}

TEST(Load, SaysWhatAValueShouldHaveBeen) {
  EXPECT_EQ(OfText("postgres:\n  pool_size: many\n"),
            "crm.yaml:2: postgres.pool_size is a whole number, not 'many'.");
  EXPECT_EQ(OfText("postgres: {pool_size: 1.5}"),
            "crm.yaml:1: postgres.pool_size is a whole number, not '1.5'.");
  EXPECT_EQ(OfText("postgres: {pool_size: 0}"),
            "crm.yaml:1: postgres.pool_size is a number from 1 to 500, not 0.");
  EXPECT_EQ(OfText("log: {level: verbose}"),
            "crm.yaml:1: log.level is one of debug, info, warning, error, not 'verbose'.");
  EXPECT_EQ(OfText("trace: {log_spans: yes}"),
            "crm.yaml:1: trace.log_spans is true or false, not 'yes'.");
  EXPECT_EQ(OfText("trace: {sample_ratio: half}"),
            "crm.yaml:1: trace.sample_ratio is a number, not 'half'.");
  EXPECT_EQ(OfText("target: leads"),
            "crm.yaml:1: target is a list, like [a, b], not a single value.");
  EXPECT_EQ(OfText("kafka: broker"), "crm.yaml:1: kafka is a group of keys, not a single value.");
  EXPECT_EQ(OfText("redis: {address: [a]}"),
            "crm.yaml:1: redis.address is a single value, not a list.");
  EXPECT_EQ(OfText("services: [a]"), "crm.yaml:1: services holds named entries, not a list.");
  EXPECT_EQ(OfText("- a\n- b\n"), "crm.yaml:1: the file is a group of keys, not a list.");
  EXPECT_EQ(OfText("log: {level: info}\nlog: {level: debug}\n"), "crm.yaml:2: log is there twice.");
}

TEST(Load, SaysWhatIsWrongWithAFlag) {
  EXPECT_EQ(OfSet("kafka"), "--set: kafka needs a value: --set key=value.");
  EXPECT_EQ(OfSet("kafka=x"), "--set: kafka is a group of keys; set one of them.");
  EXPECT_EQ(OfSet("services=x"), "--set: services holds named entries; set one of them.");
  EXPECT_EQ(OfSet("postgres.modules.leads=x"),
            "--set: postgres.modules.leads is a group of keys; set one of them.");
  EXPECT_EQ(OfSet("redis.address.port=1"),
            "--set: redis.address is a value and has no keys below it.");
  EXPECT_EQ(OfSet("=1"), "--set:  is not a known key.");
}

TEST(Load, UnderstandsDurationsWithUnitsOnly) {
  auto ttl = [](const std::string& text) { return Load({.sets = {"auth.token_ttl=" + text}}); };
  EXPECT_EQ(ToDuration(ttl("500ms")->auth().token_ttl()), std::chrono::milliseconds(500));
  EXPECT_EQ(ToDuration(ttl("90s")->auth().token_ttl()), std::chrono::seconds(90));
  EXPECT_EQ(ToDuration(ttl("168h")->auth().token_ttl()), std::chrono::hours(168));
  EXPECT_EQ(ToDuration(ttl("0s")->auth().token_ttl()), Duration::zero());
  for (const char* text :
       {"", "10", "s", "-1s", "1.5s", "1d", "1 s", "9999999999h", "99999999999999999999s"}) {
    EXPECT_THAT(Complaint(ttl(text)), HasSubstr("is a duration like")) << text;
  }
}

TEST(Load, ReportsAllThatIsWrongAtOnce) {
  auto result =
      LoadText("log: {level: loud}\nnonsense_key: 1\nkafka: {replication_factor: 0}\n", "crm.yaml");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().reason(), "CONFIG_INVALID");
  ASSERT_EQ(result.status().field_violations().size(), 3u);
  EXPECT_EQ(result.status().field_violations()[2].field, "kafka.replication_factor");
  EXPECT_THAT(result.status().message(), HasSubstr("\ncrm.yaml:2: nonsense_key"));
}

TEST(Load, TellsFilesThatAreNotThereOrNotYaml) {
  auto missing = Load({.file = "/nonexistent/crm.yaml"});
  EXPECT_EQ(missing.status().reason(), "CONFIG_FILE_UNREADABLE");
  EXPECT_THAT(missing.status().message(), HasSubstr("/nonexistent/crm.yaml"));
  EXPECT_EQ(Load({.file = "/tmp"}).status().reason(), "CONFIG_FILE_UNREADABLE");
  auto broken = LoadText("log:\n  level: [info\n", "crm.yaml");
  EXPECT_EQ(broken.status().reason(), "CONFIG_SYNTAX");
  EXPECT_THAT(broken.status().message(), testing::StartsWith("crm.yaml:3: this is not YAML"));
}

TEST(ToYaml, PrintsEveryKeyAndMasksWhatIsSensitive) {
  auto config = LoadText(R"(
postgres:
  dsn: host=pg password=hunter2
  modules:
    leads: {owner_dsn: postgresql://owner:hunter2@pg/crm}
)");
  std::string text = ToYaml(*config);
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, HasSubstr("  dsn: \"***\"\n"));
  EXPECT_THAT(text, HasSubstr("      owner_dsn: \"***\"\n"));
  EXPECT_THAT(text, HasSubstr("target: [all]\n"));
  EXPECT_THAT(text, HasSubstr("  pool_wait: 2s\n"));
  EXPECT_THAT(text, HasSubstr("  level: info\n"));
  EXPECT_THAT(text, HasSubstr("bootstrap_servers: []\n"));
}

TEST(ToYaml, PrintsWhatLoadReadsAgain) {
  auto config = LoadText(R"(
target: [leads, "a: b", "null"]
services: {crm.contacts.v1: "contacts:7001", crm.a.v1: a}
postgres: {pool_size: 3, modules: {leads: {role: r, pool_wait: 1500ms}}}
redis: {key_prefix: "true"}
kafka: {security: {protocol: sasl_ssl}}
trace: {sample_ratio: 0.1}
)");
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  auto again = LoadText(ToYaml(*config));
  ASSERT_TRUE(again.ok()) << again.status().ToString() << ToYaml(*config);
  EXPECT_EQ(ToYaml(*again), ToYaml(*config));
  EXPECT_THAT(again->target(), ElementsAre("leads", "a: b", "null"));
  EXPECT_EQ(again->redis().key_prefix(), "true");
}

TEST(Require, SaysHowToSetWhatIsMissing) {
  auto config = Load({.sets = {"kafka.bootstrap_servers=a"}});
  EXPECT_TRUE(Require(*config, {"kafka.bootstrap_servers", "rpc.listen_address"}).ok());
  Status status = Require(*config, {"kafka.bootstrap_servers", "postgres.dsn"});
  EXPECT_EQ(status.reason(), "CONFIG_INVALID");
  EXPECT_EQ(
      status.message(),
      "configuration: postgres.dsn is missing; set it in the file, as CRM_POSTGRES__DSN or by "
      "--set.");
}

TEST(Runs, KnowsNamesAndAll) {
  EXPECT_TRUE(Runs(*Load({}), "leads"));
  auto some = Load({.sets = {"target=leads,deals"}});
  EXPECT_TRUE(Runs(*some, "deals"));
  EXPECT_FALSE(Runs(*some, "contacts"));
}

TEST(PostgresOf, PutsTheModulesOwnValuesOverTheGeneralOnes) {
  auto config = LoadText(R"(
postgres:
  dsn: host=pg dbname=crm
  password_file: /run/secrets/pg-{module}
  pool_size: 4
  pool_wait: 2s
  modules:
    leads: {dsn: "host=leads-pg", pool_wait: 500ms, role: lead_writer, schema: "s_{module}"}
)");
  auto deals = PostgresOf(*config, "deals");
  EXPECT_EQ(deals.dsn(), "host=pg dbname=crm");
  EXPECT_EQ(deals.password_file(), "/run/secrets/pg-deals");
  EXPECT_EQ(deals.schema(), "crm_deals");
  EXPECT_EQ(deals.role(), "crm_deals");
  EXPECT_EQ(deals.scan_role(), "crm_deals_scan");
  EXPECT_EQ(deals.pool_size(), 4);
  auto leads = PostgresOf(*config, "leads");
  EXPECT_EQ(leads.dsn(), "host=leads-pg");
  EXPECT_EQ(leads.role(), "lead_writer");
  EXPECT_EQ(leads.schema(), "s_leads");
  EXPECT_EQ(ToDuration(leads.pool_wait()), std::chrono::milliseconds(500));
  EXPECT_EQ(ToDuration(leads.connect_timeout()), std::chrono::seconds(5));
}

TEST(ReadSecret, GivesTheContentWithoutTheLineBreakAndNeverTellsIt) {
  TemporaryFile secret("s3cret \n");
  EXPECT_EQ(*ReadSecret(secret.path()), "s3cret ");
  EXPECT_EQ(*ReadSecret(""), "");
  EXPECT_EQ(ReadSecret("/nonexistent").status().reason(), "CONFIG_SECRET_UNREADABLE");
  TemporaryFile large(std::string(70'000, 'x'));
  Status status = ReadSecret(large.path()).status();
  EXPECT_EQ(status.metadata().at("file"), large.path());
  EXPECT_THAT(status.message(), Not(HasSubstr("xxx")));
}

TEST(Environment, HoldsTheVariablesOfThisProcess) {
  setenv("CRM_CONFIG_TEST", "here", 1);
  EXPECT_THAT(Environment(), testing::Contains("CRM_CONFIG_TEST=here"));
  unsetenv("CRM_CONFIG_TEST");
}

}  // namespace
}  // namespace crm::config
