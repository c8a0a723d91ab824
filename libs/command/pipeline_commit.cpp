// One attempt after the other until a call's write-set is committed, then its answer.
#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "libs/command/idempotency.h"
#include "libs/command/pipeline_job.h"
#include "libs/command/record_codec.h"
#include "libs/rpc/descriptors.h"

namespace crm {

using google::protobuf::Message;

namespace {

// Reruns against committed changes after which a call gives up. Against pending records there is no
// bound: each of those means that another call made progress.
constexpr int kMaxReruns = 8;

// How often a binding's `awaited` is asked again. With the delays below that is about two seconds.
constexpr int kAwaitQuestions = 27;

// What others do on an event takes some tens of milliseconds, so the first questions come soon.
std::chrono::milliseconds AwaitDelay(int asked) {
  return std::chrono::milliseconds(std::min(4 << std::min(asked, 5), 100));
}

}  // namespace

bool CallPipeline::AnswerFromKey(std::shared_ptr<Job> job) {
  auto answer =
      RecallAnswer(*parts_.services.store, *job->idempotency, job->request_hash, job->context.stop);
  if (!answer.ok()) {
    Finish(*job, answer.status());
    return true;
  }
  if (!*answer) return false;
  if (!job->binding->awaited) {
    job->answer = std::move(**answer);
    Finish(*job, Status::Ok());
    return true;
  }
  job->response = rpc::NewMessage(job->binding->method->output_type());
  job->response->ParseFromString(**answer);
  Answer(job);
  return true;
}

void CallPipeline::Try(std::shared_ptr<Job> job) {
  log::TraceScope scope(job->trace);
  if (job->recall && job->idempotency && AnswerFromKey(job)) return;
  Call call(job->verified() ? parts_.services : committed_, job->context);
  Status status;
  job->response.reset();
  job->answer.reset();
  if (job->binding != nullptr && job->binding->encoded) {
    auto answer = job->binding->encoded(call, *job->request);
    if (answer.ok()) {
      job->answer = std::move(*answer);
    } else {
      status = answer.status();
    }
  } else if (job->binding != nullptr) {
    auto response = job->binding->unary(call, *job->request);
    if (response.ok()) {
      job->response = std::move(*response);
    } else {
      status = response.status();
    }
  } else {
    status = job->internal.run(call);
  }
  if (!status.ok()) return Refuse(job, call, status);
  if (job->response != nullptr) call.Complete(*job->response);
  if (job->reads_only()) {
    if (call.has_writes())
      status = Internal(job->context.origin + " is a read and stored something");
    return Finish(*job, status);
  }
  if (!job->verified()) return Finish(*job, Status::Ok());  // validate_only
  job->refusal = Status::Ok();
  auto set = call.TakeWriteSet();
  if (job->idempotency) {
    set->checks.push_back({*job->idempotency, 0});
    job->answer = EncodeRecord(*job->response);
    set->records.push_back(
        RememberAnswer(*job->idempotency, job->request_hash, *job->answer, job->context.now));
  }
  if (set->checks.empty()) return Finish(*job, Status::Ok());
  Submit(job, std::move(set));
}

// A refusal must be true of committed state: the versions it was decided on, and the key, are
// verified like those of a write.
void CallPipeline::Refuse(std::shared_ptr<Job> job, Call& call, Status status) {
  bool retriable_elsewhere = status.code() == Code::kCancelled ||
                             status.code() == Code::kDeadlineExceeded ||
                             status.code() == Code::kUnavailable;
  if (!job->verified() || retriable_elsewhere || (!call.has_checks() && !job->idempotency)) {
    return Finish(*job, status);
  }
  auto set = call.TakeWriteSet();
  set->records.clear();
  set->log.clear();
  if (job->idempotency) set->checks.push_back({*job->idempotency, 0});
  job->refusal = std::move(status);
  Submit(job, std::move(set));
}

void CallPipeline::Submit(std::shared_ptr<Job> job, std::unique_ptr<WriteSet> set) {
  auto status = parts_.committer->Submit(
      std::move(set), [this, job](CommitResult result) { Settle(job, std::move(result)); });
  if (!status.ok()) Finish(*job, status);
}

void CallPipeline::Settle(std::shared_ptr<Job> job, CommitResult result) {
  if (result.outcome == CommitResult::Outcome::kFailed) return Finish(*job, result.status);
  if (result.outcome == CommitResult::Outcome::kStale) {
    if (job->idempotency && result.stale == *job->idempotency) {
      job->recall = true;
      if (result.pending_conflict) return AwaitAnswer(job, *result.stale);
    }
    return Again(job, !result.pending_conflict);
  }
  if (!job->refusal.ok()) return Finish(*job, job->refusal);
  Answer(job);
}

void CallPipeline::Answer(std::shared_ptr<Job> job) {
  if (job->binding == nullptr || !job->binding->awaited || job->response == nullptr) {
    return Finish(*job, Status::Ok());
  }
  job->answer.reset();  // what is awaited completes it
  // The commit stands; where there is no room to wait the answer leaves as it is.
  if (!parts_.executor->Post([this, job] { Await(job); })) Finish(*job, Status::Ok());
}

void CallPipeline::Await(std::shared_ptr<Job> job) {
  log::TraceScope scope(job->trace);
  Call call(committed_, job->context);
  auto delay = AwaitDelay(job->asked++);
  auto deadline = job->rpc->deadline();
  bool late = deadline && std::chrono::steady_clock::now() + 2 * delay > *deadline;
  if (job->binding->awaited(call, *job->response) || job->asked > kAwaitQuestions || late ||
      !parts_.executor->PostAfter(delay, [this, job] { Await(job); })) {
    Finish(*job, Status::Ok());
  }
}

// A duplicate in flight waits for the first: a set that checks the first one's pending key queues
// behind it.
void CallPipeline::AwaitAnswer(std::shared_ptr<Job> job, const RecordKey& key) {
  auto set = std::make_unique<WriteSet>();
  set->tenant = key.tenant;
  set->checks.push_back({key, 1});
  auto status =
      parts_.committer->Submit(std::move(set), [this, job](CommitResult) { Again(job, false); });
  if (!status.ok()) Finish(*job, status);
}

void CallPipeline::Again(std::shared_ptr<Job> job, bool counted) {
  meters_->reruns.Add();
  job->context.again = true;
  if (counted && ++job->reruns > kMaxReruns) {
    Status aborted(Code::kAborted, "TOO_MUCH_CONTENTION",
                   "The record kept changing while this call was decided; try again.");
    return Finish(*job, aborted.RetryAfter(std::chrono::milliseconds(100)));
  }
  if (!ExecutorOf(job->binding)->Post([this, job] { Try(job); })) Busy(*job);
}

}  // namespace crm
