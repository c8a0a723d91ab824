// A PostgreSQL of one's own, for tests that take the server away or change its settings.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "libs/testing/process.h"

namespace crm::test {

// A fresh cluster in a folder of its own, reached through a Unix socket that stays the same over
// restarts, by its superuser without a password. Making and starting one takes about a second, so
// use PgSchema where the server stays up. PostgreSQL refuses to run as root: root lends it the user
// "postgres". Not thread-safe; see Process about threads.
class PgProcess {
 public:
  // Makes the cluster; starts nothing. `settings` like "synchronous_standby_names=nobody". Throws
  // std::runtime_error, as all members do where PostgreSQL does not what is asked.
  explicit PgProcess(std::vector<std::string> settings = {});
  // Kills the server and deletes its folder.
  ~PgProcess();
  PgProcess(const PgProcess&) = delete;
  PgProcess& operator=(const PgProcess&) = delete;

  // libpq connection strings, good also while it is down: to the database postgres as the
  // superuser, and the part of it that says only where the server is.
  std::string dsn() const;
  std::string address() const;

  // Returns when the server answers, after a Kill() when it has recovered.
  void Start();
  // kill -9 of the postmaster; its children follow by themselves.
  void Kill();
  // As `pg_ctl stop -m immediate`: no checkpoint, the next start recovers.
  void StopImmediately();
  // The postmaster stands still and takes no new connection.
  void Pause() { process_->Pause(); }
  void Continue() { process_->Continue(); }

  // The server's output of all runs.
  std::string Log() const;

 private:
  std::vector<std::string> Command(const std::string& program) const;

  const std::vector<std::string> settings_;
  const std::filesystem::path folder_;
  std::unique_ptr<Process> process_;
};

}  // namespace crm::test
