// The one Deployment that runs in this test program: making one and its servers takes seconds, so
// tests share them, each with a tenant of its own.
#pragma once

#include "tests/scenario/deployment.h"

namespace crm::test {

// The one of this shape. Where the last one asked for was of another shape that is stopped, and the
// test fails if that does not go well. It is stopped at the end of the program, too. Throws
// std::runtime_error where it cannot be started; then nothing is tried again.
Deployment& RunningDeployment(Shape shape);

// A name that no other tenant of this program has.
std::string NewTenantName();

}  // namespace crm::test
