// EventServer: crm.events.v1.EventService over one service's log: live streams with a resumable
// cursor, the history of a record, and events by what links them. Who may see what: the caller's
// permission to get the record, both as it is today and as it was then.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "crm/events/v1/event_service.pb.h"
#include "libs/command/pipeline.h"

namespace crm::events {

// Thread-safe.
class EventServer {
 public:
  EventServer(std::string service, const RecordTypes& types, Store& store, const Clock& clock);

  std::vector<MethodBinding> Methods();

  // Wakes the streams; from the committing thread.
  void Committed(const std::vector<kernel::v1::LogRow>& rows);
  // Ends all streams.
  void Stop();

 private:
  Status Stream(Call& call, const v1::StreamEventsRequest& request, const StreamWriter& write);
  Result<v1::ListEventsResponse> List(Call& call, const v1::ListEventsRequest& request);
  Result<v1::SearchEventsResponse> Search(Call& call, const v1::SearchEventsRequest& request);

  // Those of `rows` that the caller may see.
  Result<std::vector<kernel::v1::LogRow>> Visible(Call& call, std::vector<kernel::v1::LogRow> rows);
  v1::Event ToEvent(const kernel::v1::LogRow& row) const;
  std::string CursorAt(int64_t seq) const;
  Result<int64_t> ParseCursor(const std::string& cursor) const;
  Status CheckSource(const std::string& source) const;
  // False: the server stops or the client has gone.
  bool WaitForMore(int64_t after_seq, std::stop_token stop);

  const std::string service_;
  const RecordTypes& types_;
  Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  int64_t last_seq_ = 0;  // GUARDED_BY(mutex_)
  bool stopped_ = false;  // GUARDED_BY(mutex_)
};

}  // namespace crm::events
