// ServiceDefinition: what a service is, as data. Its module.cpp builds one; ServiceHost runs it on
// PostgreSQL and Kafka, Simulation on a MemoryStore and a virtual clock. Nothing in it knows which.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/command/pipeline.h"
#include "libs/effects/effects.h"
#include "libs/events/consumer.h"
#include "libs/pg/migrator.h"
#include "libs/timers/timers.h"

namespace crm {

struct ServiceDefinition {
  // "leads": also its schema, role and topic.
  std::string name;
  // Its records, the kernel's included.
  std::shared_ptr<const RecordTypes> types;
  // In the order of their names; the kernel's come first by themselves.
  std::vector<pg::Migration> migrations;
  // Every method of every proto service that it owns.
  std::vector<MethodBinding> methods;
  std::vector<events::EventConsumer> consumers;
  std::vector<TimerHandler> timers;
  std::vector<std::shared_ptr<EffectAdapter>> effects;
  // Services that its handlers ask (Call::Ask). The graph of all services must have no cycle.
  std::vector<std::string> asks;

  // Proto services that it owns ("crm.leads.v1.LeadService"), by what `methods` bind.
  std::vector<const google::protobuf::ServiceDescriptor*> services() const;
};

// FAILED_PRECONDITION naming a method of `services()` that no handler is bound to.
Status CheckAllBound(const ServiceDefinition& service);

// FAILED_PRECONDITION naming the cycle, where services ask each other in a circle.
Status CheckNoCycles(const std::vector<ServiceDefinition>& services);

}  // namespace crm
