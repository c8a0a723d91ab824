// Statement parameters in PostgreSQL's binary format.
#pragma once

#include <string>
#include <vector>

#include "libs/pg/database.h"
#include "libs/pg/types.h"

namespace crm::pg {

// The parameters of one statement as libpq wants them. The pointers are into `bytes`, so it must
// not be moved from or copied.
class EncodedParams {
 public:
  EncodedParams() = default;
  EncodedParams(const EncodedParams&) = delete;
  EncodedParams& operator=(const EncodedParams&) = delete;

  // INTERNAL with reason PG_BAD_PARAMETER where the count or a type differs from what the statement
  // declares (a programming error); OUT_OF_RANGE where an integer does not fit into the declared
  // type.
  Status Encode(const std::vector<Param>& params, const std::vector<ParamType>& types);

  // Frees the memory once it is sent.
  void Clear();

  int count() const { return static_cast<int>(values_.size()); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  std::string bytes_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

}  // namespace crm::pg
