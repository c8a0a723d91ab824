// Labels under which what a command does can be taken back.
#pragma once

#include <string>

namespace crm::ctl {

// "demo-20261122T061500-8f3a": a name that no run had before.
std::string NewRunLabel(const std::string& kind);

}  // namespace crm::ctl
