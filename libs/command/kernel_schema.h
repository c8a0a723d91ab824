// The tables that the kernel keeps in every service's schema: migrations/0000_kernel.sql.
#pragma once

#include <vector>

#include "libs/pg/migrator.h"

namespace crm::kernel {

std::vector<pg::Migration> Migrations();

}  // namespace crm::kernel
