// The way in for libFuzzer.
#include <google/protobuf/stubs/logging.h>

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);  // of texts that are not UTF-8, for each one
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  crm::fuzz::TakeInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
