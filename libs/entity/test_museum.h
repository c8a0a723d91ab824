// The museum of libs/entity's tests: exhibits and rooms with their standard methods, hooks and one
// verb. For tests only.
#pragma once

#include "crm/testing/v1/exhibit_events.pb.h"
#include "crm/testing/v1/exhibit_service.pb.h"
#include "libs/entity/standard_methods.h"
#include "libs/testing/call_harness.h"

namespace crm::entity {

inline const PageTokens& TestPageTokens() {
  static const PageTokens tokens = *PageTokens::Create("0123456789abcdef0123456789abcdef");
  return tokens;
}

inline HooksOf<testing::v1::Exhibit> ExhibitHooks() {
  using testing::v1::Exhibit;
  HooksOf<Exhibit> hooks;
  hooks.defaults = [](Call&, Exhibit& exhibit) {
    exhibit.set_state(Exhibit::STORED);
    return Status::Ok();
  };
  hooks.validate = [](Call&, const Exhibit*, Exhibit& after) {
    if (after.fragile() && after.kind() == Exhibit::STATUE) {
      return InvalidField("exhibit.fragile", "statues are not fragile");
    }
    return Status::Ok();
  };
  hooks.before_update = [](Call&, const Exhibit& before, Exhibit& after) {
    if (before.state() == Exhibit::SHOWN && before.room() != after.room()) {
      return FailedPrecondition("SHOWN", "It cannot be moved while it is shown.");
    }
    return Status::Ok();
  };
  hooks.validate_delete = [](Call&, const Exhibit& exhibit) {
    if (exhibit.state() == Exhibit::SHOWN) return FailedPrecondition("SHOWN", "It is shown.");
    return Status::Ok();
  };
  return hooks;
}

// All methods of both services.
inline std::vector<MethodBinding> MuseumMethods(const RecordTypes& types) {
  using namespace testing::v1;  // NOLINT: messages only
  Settings settings;
  settings.page_tokens = &TestPageTokens();
  const auto* exhibits = FindService("crm.testing.v1.ExhibitService");
  auto methods =
      StandardMethods(exhibits, types.Of(Exhibit::descriptor()), settings, ExhibitHooks());
  auto rooms = StandardMethods(FindService("crm.testing.v1.RoomService"),
                               types.Of(Room::descriptor()), settings);
  methods.insert(methods.end(), rooms.begin(), rooms.end());
  methods.push_back(Bind<ShowExhibitRequest, Exhibit>(
      exhibits, "ShowExhibit",
      [](Call& call, const ShowExhibitRequest& request) -> Result<Exhibit> {
        auto exhibit = call.Load<Exhibit>(request.name());
        if (!exhibit.ok()) return exhibit;
        if (exhibit->state() == Exhibit::SHOWN) return FailedPrecondition("SHOWN", "It is shown.");
        exhibit->set_state(Exhibit::SHOWN);
        ExhibitShown fact;
        fact.set_occasion(request.occasion());
        if (auto status = call.Store(*exhibit, fact); !status.ok()) return status;
        return exhibit;
      }));
  return methods;
}

}  // namespace crm::entity
