// What the clients do: leads by form, contacts, deals, updates by etag, conversions, stage moves,
// hand-overs, reminders; in two tenants, on records that they share, in an order that the seed
// decides.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/chaos/driver.h"

namespace crm::chaos {

struct WorkloadOptions {
  uint64_t seed = 1;
  int clients = 6;
  // Of one client, between two calls, on average.
  std::chrono::milliseconds pause{30};
};

class Workload {
 public:
  Workload(Driver& driver, const std::vector<TenantKeys>& tenants, WorkloadOptions options);
  ~Workload();  // Stop()

  // People, a form, a pipeline; the server must be up.
  void SetUp();
  void Start();
  // Returns when every client has ended its call; the server must be up, or the driver closed.
  void Stop();
  int calls() const { return calls_; }

 private:
  struct Contact {
    std::string name;
    std::string etag;
  };
  struct Deal {
    std::string name;
    size_t stage = 0;
  };
  // What the clients know of a tenant. Bounded, so that records are shared.
  struct World {
    const TenantKeys* tenant = nullptr;
    std::vector<std::string> users;
    std::string form;
    std::mutex mutex;
    std::deque<std::string> leads;        // GUARDED_BY(mutex); open ones
    std::deque<Contact> contacts;         // GUARDED_BY(mutex)
    std::deque<Deal> deals;               // GUARDED_BY(mutex); open ones
    std::deque<std::string> submissions;  // GUARDED_BY(mutex)
  };
  using Random = std::mt19937_64;
  struct Client {
    std::string label;
    Random random;
    int made = 0;
    std::deque<PlannedCall> answered{};
  };

  void SetUpWorld(World& world, Client& client);
  void Run(Client client, std::stop_token stop);
  PlannedCall Next(World& world, Client& client);
  PlannedCall Plan(World& world, Client& client, const char* method,
                   google::protobuf::Message& request, int events);
  PlannedCall SubmitForm(World& world, Client& client);
  PlannedCall CreateLead(World& world, Client& client);
  PlannedCall CreateContact(World& world, Client& client);
  PlannedCall UpdateContact(World& world, Client& client, size_t index);
  PlannedCall CreateDeal(World& world, Client& client);
  PlannedCall MoveDeal(World& world, Client& client, size_t index);
  PlannedCall CreateReminder(World& world, Client& client);
  PlannedCall CreateTask(World& world, Client& client);
  PlannedCall ConvertLead(World& world, Client& client, const std::string& lead);
  PlannedCall AssignLead(World& world, Client& client, const std::string& lead);
  PlannedCall RecordContact(World& world, Client& client, const std::string& lead);
  PlannedCall HandOver(World& world, Client& client);
  void Refresh(World& world, const std::string& contact);

  Driver& driver_;
  const WorkloadOptions options_;
  std::vector<std::unique_ptr<World>> worlds_;
  std::atomic<int> calls_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace crm::chaos
