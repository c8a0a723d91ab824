// What only the simulation can say of the lead's day: to the minute, and in every order of
// deliveries.
#include <gtest/gtest.h>

#include "tests/scenario/simulated_world.h"
#include "tests/scenario/window_shop.h"

namespace crm::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(L09, ATaskIsOverdueFromItsDueTimeAndTheHeadIsToldOnce) {
  SimulatedWorld world(3);
  WindowShop shop(world);
  const std::string lead = shop.Submit("s-1");
  const Time arrival = world.Now();
  world.simulation().AdvanceTo(arrival + minutes(14));
  EXPECT_FALSE(shop.HasOverdueTask(lead));
  world.simulation().AdvanceTo(arrival + minutes(16));
  EXPECT_TRUE(shop.HasOverdueTask(lead));
  world.simulation().AdvanceTo(arrival + hours(3));
  EXPECT_EQ(shop.OverdueNotices(shop.head(), lead), 1);
}

TEST(L12, AConversionAnswersWhenItsRecordsCanBeRead) {
  int answered = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SimulatedWorld world(seed);
    WindowShop shop(world);
    const auto made = shop.Convert(shop.Submit("s-1"));
    if (made.pending()) continue;  // the seed kept the others waiting
    ++answered;
    EXPECT_EQ(shop.Deal(made.deal())->contact(), made.contact());
    EXPECT_EQ(shop.Contact(made.contact())->lead(), made.lead().name());
  }
  EXPECT_GT(answered, 0);
}

std::string DayOf(uint64_t seed) {
  SimulatedWorld world(seed);
  WindowShop shop(world);
  const std::string lead = shop.Submit("s-1");
  world.Advance(hours(1));
  EXPECT_EQ(shop.OverdueNotices(shop.head(), lead), 1) << "seed " << seed;
  EXPECT_EQ(shop.Tasks(lead).size(), 1u) << "seed " << seed;
  return world.simulation().LogHash();
}

TEST(Simulation, TheSameSeedGivesTheSameDay) {
  EXPECT_EQ(DayOf(7), DayOf(7));
}

TEST(Simulation, TheDayEndsAlikeInEveryOrderOfDeliveries) {
  for (uint64_t seed = 100; seed < 120; ++seed) DayOf(seed);
}

}  // namespace
}  // namespace crm::test
