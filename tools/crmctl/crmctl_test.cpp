#include <gmock/gmock.h>

#include "tools/crmctl/library_server.h"

namespace crm::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::v1::BatchGetBooksRequest;
using testing::v1::CreateBookRequest;
using testing::v1::GetBookRequest;
using testing::v1::ListBooksRequest;
using testing::v1::UpdateBookRequest;

class Crmctl : public ::testing::Test {
 protected:
  Crmctl() { library_.UseEnvironment(); }
  Outcome Run(std::vector<std::string> words) { return library_.Run(std::move(words)); }

  LibraryServer library_;
};

TEST_F(Crmctl, ListsTheMethodsOfTheServer) {
  Outcome outcome = Run({"methods"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "books batch-get  crm.testing.v1.BookService/BatchGetBooks\n"
            "books create     crm.testing.v1.BookService/CreateBook\n"
            "books delete     crm.testing.v1.BookService/DeleteBook\n"
            "books get        crm.testing.v1.BookService/GetBook\n"
            "books lend       crm.testing.v1.BookService/LendBook\n"
            "books list       crm.testing.v1.BookService/ListBooks\n"
            "books update     crm.testing.v1.BookService/UpdateBook\n"
            "books watch      crm.testing.v1.BookService/WatchBooks\n");
}

TEST_F(Crmctl, ShowsOneRecordFieldByField) {
  Outcome outcome = Run({"books", "get", "books/1", "--as-of", "2026-01-31T08:00:00Z"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "name   books/1\n"
            "title  שירים\n"
            "state  ON_SHELF\n"
            "price  89.90 ILS\n"
            "pages  120\n"
            "etag   e1\n");
  EXPECT_EQ(library_.Request<GetBookRequest>().name(), "books/1");
  EXPECT_EQ(library_.Request<GetBookRequest>().as_of().seconds(), 1769846400);
}

TEST_F(Crmctl, ShowsAListAsATableOfTheFieldsInUse) {
  Outcome outcome =
      Run({"books", "list", "--filter", "state=LENT", "--page-size=1", "--show-deleted"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "name     title  state     price      pages\n"
            "books/1  שירים  ON_SHELF  89.90 ILS  120\n");
  EXPECT_EQ(outcome.err, "There is more: add --all, or --page-token 'two'\n");
  auto request = library_.Request<ListBooksRequest>();
  EXPECT_EQ(request.filter(), "state=LENT");
  EXPECT_EQ(request.page_size(), 1);
  EXPECT_TRUE(request.show_deleted());
}

TEST_F(Crmctl, FollowsThePagesAndShowsTheColumnsAskedFor) {
  Outcome outcome =
      Run({"books", "list", "--all", "--columns", "name,tags,due_time,price.amount_minor"});
  EXPECT_EQ(outcome.out,
            "name     tags  due_time  price.amount_minor\n"
            "books/1                  8990\n"
            "books/2  maps, big  2026-01-01T00:00:00Z  \n");
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Crmctl, WritesJsonLinesOneRecordALine) {
  Outcome outcome = Run({"books", "list", "--all", "-o", "jsonl"});
  EXPECT_EQ(outcome.out,
            R"({"name":"books/1","title":"שירים","state":"ON_SHELF",)"
            R"("price":{"currency_code":"ILS","amount_minor":"8990"},"pages":"120","etag":"e1"})"
            "\n"
            R"({"name":"books/2","title":"Atlas","state":"LENT","due_time":"2026-01-01T00:00:00Z",)"
            R"("tags":["maps","big"],"rare":true})"
            "\n");
}

TEST_F(Crmctl, WritesJsonAndYaml) {
  EXPECT_EQ(Run({"books", "delete", "books/1", "--output", "json"}).out, "{}\n");
  EXPECT_EQ(Run({"books", "delete", "books/1"}).out, "done\n");
  Outcome outcome = Run({"books",
                         "create",
                         "--output=yaml",
                         "--title",
                         "a: \"b\"",
                         "--rare",
                         "--pages=7",
                         "--tags",
                         "x",
                         "--tags",
                         "y",
                         "--price",
                         "1.50 USD",
                         "--set",
                         "custom_fields.shelf=A 1",
                         "--set",
                         "contacts={\"number\":\"1\",\"label\":\"w\"}",
                         "--set",
                         "sequel.title=two",
                         "--set",
                         "cover=AP8="});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "---\n"
            "title: \"a: \\\"b\\\"\"\n"
            "price:\n"
            "  currency_code: \"USD\"\n"
            "  amount_minor: 150\n"
            "tags:\n"
            "  - \"x\"\n"
            "  - \"y\"\n"
            "custom_fields:\n"
            "  \"shelf\": \"A 1\"\n"
            "pages: 7\n"
            "rare: true\n"
            "cover: \"AP8=\"\n"
            "sequel:\n"
            "  title: \"two\"\n"
            "contacts:\n"
            "  - number: \"1\"\n"
            "    label: \"w\"\n");
}

TEST_F(Crmctl, BuildsARequestFromJsonFlagsAndPaths) {
  Outcome outcome =
      Run({"books", "create", "--json",
           R"({"book": {"title": "A", "dueTime": "2026-01-01T00:00:00Z"}})", "--lender-phone",
           "050-1234567", "--request-id", "r1", "--set", "book.tags=x", "--dry-run"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "Dry run: nothing was stored.\n");
  auto request = library_.Request<CreateBookRequest>();
  EXPECT_EQ(request.book().title(), "A");
  EXPECT_EQ(request.book().due_time().seconds(), 1767225600);
  EXPECT_EQ(request.book().lender_phone().number(), "050-1234567");
  EXPECT_EQ(request.book().tags(0), "x");
  EXPECT_EQ(request.request_id(), "r1");
  EXPECT_TRUE(request.validate_only());
}

TEST_F(Crmctl, UpdatesExactlyTheFieldsGiven) {
  Run({"books", "update", "books/1", "--title", "New", "--due-time", "2026-01-01T00:00:00Z"});
  auto request = library_.Request<UpdateBookRequest>();
  EXPECT_EQ(request.book().name(), "books/1");
  EXPECT_THAT(request.update_mask().paths(), ::testing::UnorderedElementsAre("title", "due_time"));
  Run({"books", "update", "books/1", "--title", "New", "--update-mask", "title,tags"});
  EXPECT_THAT(library_.Request<UpdateBookRequest>().update_mask().paths(),
              ::testing::ElementsAre("title", "tags"));
}

TEST_F(Crmctl, TakesManyNames) {
  Run({"books", "batch-get", "books/1", "books/2"});
  EXPECT_THAT(library_.Request<BatchGetBooksRequest>().names(),
              ::testing::ElementsAre("books/1", "books/2"));
}

TEST_F(Crmctl, PrintsAStreamAndWhatItsEventsHold) {
  Outcome outcome = Run({"books", "watch", "--output", "jsonl"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(
      outcome.out,
      R"({"kind":"lent","fact":{"@type":"type.googleapis.com/crm.testing.v1.BookLent","reader":"Dana"}})"
      "\n");
}

TEST_F(Crmctl, SendsTheKey) {
  library_.environment["CRM_KEY"] = "from-environment";
  Run({"books", "get", "books/1"});
  EXPECT_EQ(library_.metadata.find("authorization")->second, "Bearer from-environment");
  Run({"--key", "from-flag", "books", "get", "books/1"});
  EXPECT_EQ(library_.metadata.find("authorization")->second, "Bearer from-flag");
}

TEST_F(Crmctl, FindsTheServerThatHasTheService) {
  LibraryServer other;
  auto empty = rpc::RpcServer::Create({}, {}).value();
  empty->Start();
  Outcome outcome = Run(
      {"--address", empty->address() + "," + other.server().address(), "books", "get", "books/1"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(other.method, "GetBook");
  EXPECT_EQ(library_.method, "");
}

TEST_F(Crmctl, EndsWithACodeForEachKindOfFailure) {
  const std::vector<std::pair<Status, int>> cases = {
      {Status(Code::kNotFound, "R", "m"), 3},
      {Status(Code::kPermissionDenied, "R", "m"), 4},
      {Status(Code::kUnauthenticated, "R", "m"), 4},
      {Status(Code::kFailedPrecondition, "R", "m"), 5},
      {Status(Code::kAborted, "R", "m"), 5},
      {Status(Code::kAlreadyExists, "R", "m"), 5},
      {Status(Code::kInvalidArgument, "R", "m"), 6},
      {Status(Code::kOutOfRange, "R", "m"), 6},
      {Status(Code::kUnavailable, "R", "m"), 7},
      {Status(Code::kDeadlineExceeded, "R", "m"), 7},
      {Status(Code::kResourceExhausted, "R", "m"), 7},
      {Status(Code::kInternal, "R", "m"), 1}};
  for (const auto& [refusal, code] : cases) {
    library_.refusal = refusal;
    EXPECT_EQ(Run({"books", "lend", "books/1"}).code, code) << refusal.ToString();
  }
}

TEST_F(Crmctl, SaysWhatWentWrongInPlainWords) {
  library_.refusal = FailedPrecondition("BOOK_LENT", "The book is lent until Monday.")
                         .Violates("reader", "is not a member")
                         .Requires("MEMBER", "readers/1", "pay the fee first")
                         .RetryAfter(std::chrono::milliseconds(1500));
  Outcome outcome = Run({"books", "lend", "books/1"});
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "error: The book is lent until Monday. (BOOK_LENT)\n"
            "  reader: is not a member\n"
            "  readers/1: pay the fee first (MEMBER)\n"
            "  Try again in 2 s.\n");
}

TEST_F(Crmctl, ColoursOnlyATerminalThatWantsIt) {
  EXPECT_THAT(Run({"books", "list"}).out, Not(HasSubstr("\x1b")));
  library_.terminal = true;
  EXPECT_THAT(Run({"books", "list"}).out, HasSubstr("\x1b[1m"));
  EXPECT_THAT(Run({"books", "lend", "books/1"}).err, HasSubstr("\x1b[31m"));
  library_.environment["NO_COLOR"] = "1";
  EXPECT_THAT(Run({"books", "list"}).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(Run({"books", "lend", "books/1"}).err, Not(HasSubstr("\x1b")));
}

TEST_F(Crmctl, CutsLongCellsOnATerminalOnly) {
  std::string title(100, 'a');
  auto create = [&] {
    return Run({"books", "create", "--title", title, "--columns", "title"}).out;
  };
  EXPECT_EQ(create(), "title\n" + title + "\n");
  library_.terminal = true;
  library_.environment["NO_COLOR"] = "1";
  EXPECT_EQ(create(), "title\n" + std::string(39, 'a') + "…\n");
}

TEST_F(Crmctl, SaysHowItIsUsed) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"boats", "list"}, "There is no command and no service 'boats'. The server has: books."},
      {{"books", "read"}, "There is no 'read' in books. It has: batch-get, create,"},
      {{"books"}, "Which verb?"},
      {{"books", "get", "a", "b"}, "books get --help"},
      {{"books", "list", "--nonsense"}, "--nonsense"},
      {{"books", "list", "--page-size", "many"}, "'many' is no value for page_size"},
      {{"books", "create", "--set", "colour=red"},
       "There is no field 'colour' in CreateBookRequest."},
      {{"books", "create", "--set", "book.colour=red"}, "It has: name, title, state,"},
      {{"books", "create", "--set", "rare=maybe"}, "rare is true or false, not 'maybe'."},
      {{"books", "create", "--set", "title"}, "--set takes FIELD=VALUE"},
      {{"books", "create", "--set", "sequel=x"}, "give it as JSON"},
      {{"books", "create", "--price", "12 shekels"}, "12 shekels"},
      {{"books", "create", "--json", "{"}, "error: "},
      {{"books", "get", "books/1", "--as-of", "yesterday"}, "'yesterday' is no value for as_of"},
      {{"--output", "xml", "books", "list"}, "xml"},
  };
  for (const auto& [words, expected] : cases) {
    Outcome outcome = Run(words);
    EXPECT_EQ(outcome.code, 2) << expected << "\n" << outcome.out << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(expected));
  }
  library_.environment.clear();
  Outcome nowhere = Run({"books", "list"});
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("Where is the server?"));
}

TEST_F(Crmctl, SaysThatTheServerIsDown) {
  std::string address = LibraryServer().server().address();
  Outcome outcome = Run({"--address", address, "books", "list"});
  EXPECT_EQ(outcome.code, 7);
  EXPECT_THAT(outcome.err, HasSubstr("cannot be reached"));
}

TEST_F(Crmctl, HelpNamesCommandsVerbsFlagsAndExitCodes) {
  for (const auto& words : {std::vector<std::string>{}, {"--help"}, {"help"}}) {
    Outcome outcome = Run(words);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.out, HasSubstr("  methods      lists\n"));
    EXPECT_THAT(outcome.out, HasSubstr("[CRM_GRPC]"));
    EXPECT_THAT(outcome.out, HasSubstr("Exit codes: 0 ok,"));
  }
  std::string books = Run({"books", "--help"}).out;
  EXPECT_THAT(books, HasSubstr("  batch-get\n"));
  EXPECT_THAT(books, HasSubstr("  crmctl books shout  "));
  Outcome outcome = Run({"books", "create", "--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("--title"));
  EXPECT_THAT(outcome.out, HasSubstr("--dry-run"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("--state")));
  EXPECT_EQ(library_.method, "");
}

TEST_F(Crmctl, PrefersACommandOfItsOwnOverAVerb) {
  EXPECT_EQ(Run({"books", "shout"}).out, "HEY\n");
  EXPECT_EQ(Run({"book", "get", "books/1"}).code, 0);
  EXPECT_EQ(Run({"crm.testing.v1.BookService", "GetBook", "books/1"}).code, 0);
}

}  // namespace
}  // namespace crm::ctl
