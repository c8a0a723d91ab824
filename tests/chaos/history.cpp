#include "tests/chaos/history.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "crm/options/v1/options.pb.h"
#include "libs/base/clock.h"
#include "libs/command/event_builder.h"
#include "libs/command/record_codec.h"
#include "libs/rpc/descriptors.h"

namespace crm::chaos {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

HistoryWriter::HistoryWriter(const std::string& file)
    : fd_(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (fd_ < 0) throw std::runtime_error("cannot write " + file);
}

HistoryWriter::~HistoryWriter() {
  close(fd_);
}

void HistoryWriter::Append(CallStep step) {
  step.set_time(FormatTime(SystemClock().Now()));
  std::string line;
  auto made = google::protobuf::util::MessageToJsonString(step, &line);
  if (!made.ok()) throw std::runtime_error("a step has no JSON");
  line += "\n";
  std::lock_guard lock(mutex_);
  if (write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      fdatasync(fd_) != 0) {
    throw std::runtime_error("the history cannot be written");
  }
}

namespace {

std::string TextOf(const Message& message, const char* name) {
  const auto* field = message.GetDescriptor()->FindFieldByName(name);
  bool text = field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  return text ? message.GetReflection()->GetString(message, field) : std::string();
}

// The records in an answer, by their names and etags.
void AddClaims(const Message& message, std::vector<Claim>& claims) {
  if (message.GetDescriptor()->options().HasExtension(options::v1::entity)) {
    int64_t version = EtagVersion(TextOf(message, "etag"));
    if (version > 0) claims.push_back({TextOf(message, "name"), version});
    return;
  }
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated()) continue;
    AddClaims(message.GetReflection()->GetMessage(message, field), claims);
  }
}

std::unique_ptr<Message> ParseAnswer(const std::string& method, const std::string& bytes) {
  if (method.empty()) return nullptr;
  std::string name = method;
  name[name.find('/')] = '.';
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
  if (descriptor == nullptr) return nullptr;
  auto answer = rpc::NewMessage(descriptor->output_type());
  return answer->ParseFromString(bytes) ? std::move(answer) : nullptr;
}

// False where an answer has no such field.
bool ClearPending(Message& answer) {
  const auto* field = answer.GetDescriptor()->FindFieldByName("pending");
  if (field != nullptr) answer.GetReflection()->ClearField(&answer, field);
  return field != nullptr;
}

// `moved` of a hand-over.
int Moved(const Message& answer) {
  const auto* field = answer.GetDescriptor()->FindFieldByName("moved");
  return field == nullptr ? 0 : answer.GetReflection()->GetInt32(answer, field);
}

void Take(const CallStep& step, Operation& operation) {
  using Outcome = Operation::Outcome;
  if (step.kind() == CallStep::FAIL) {
    // What was answered OK once must not be refused later: that is another answer.
    if (operation.outcome == Outcome::kOk) operation.answers.push_back(step.status());
    if (operation.outcome != Outcome::kOk) operation.outcome = Outcome::kFail;
  }
  if (step.kind() != CallStep::OK) return;
  operation.outcome = Outcome::kOk;
  auto answer = ParseAnswer(operation.method, step.response());
  // An answer that awaits what others make of the call says more when it is given again.
  bool complete = answer == nullptr || !ClearPending(*answer);
  operation.answers.push_back(complete ? step.response() : EncodeRecord(*answer));
  if (operation.answers.size() > 1 || answer == nullptr) return;
  AddClaims(*answer, operation.claims);
  if (operation.events < 0) operation.events = Moved(*answer);
}

}  // namespace

std::vector<Operation> Gather(const std::vector<CallStep>& steps) {
  std::vector<Operation> operations;
  std::map<std::string, size_t> by_id;
  for (const auto& step : steps) {
    auto [found, is_new] = by_id.emplace(step.id(), operations.size());
    if (is_new) {
      Operation operation;
      operation.id = step.id();
      operation.tenant = step.tenant();
      operation.method = step.method();
      operation.group = step.group().empty() ? step.id() : step.group();
      operation.run = step.run();
      operation.events = step.events();
      operations.push_back(std::move(operation));
    }
    Take(step, operations[found->second]);
  }
  return operations;
}

Result<std::vector<Operation>> ReadHistory(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<CallStep> steps;
  for (std::string line; std::getline(in, line);) {
    CallStep step;
    if (google::protobuf::util::JsonStringToMessage(line, &step).ok()) {
      steps.push_back(std::move(step));
    } else if (!in.eof()) {
      return Status(Code::kDataLoss, "HISTORY_UNREADABLE", file + " has a line that is none");
    }
  }
  return Gather(steps);
}

}  // namespace crm::chaos
