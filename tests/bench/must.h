// A measurement that cannot go on says why and ends.
#pragma once

#include <stdexcept>
#include <utility>

#include "libs/base/status.h"

namespace crm::bench {

template <class T>
T Must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  return std::move(*result);
}

}  // namespace crm::bench
