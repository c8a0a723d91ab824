// What crmctl's tests share: a real server of crm.testing.v1.BookService with a shelf of two books,
// and a way to run one command line against it.
#pragma once

#include <google/protobuf/text_format.h>

#include <chrono>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "crm/testing/v1/book_service.pb.h"
#include "libs/rpc/server.h"
#include "tools/crmctl/command_line.h"
#include "tools/crmctl/commands.h"

namespace crm::ctl {

using testing::v1::Book;

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

// Lists answer one book a page. LendBook fails as `refusal` says. What came last is in `method`,
// `request` and `metadata`.
class LibraryServer {
 public:
  LibraryServer() {
    books_.push_back(Parse<Book>(R"(name: "books/1" title: "שירים" state: ON_SHELF pages: 120
                                    price { currency_code: "ILS" amount_minor: 8990 } etag: "e1")"));
    books_.push_back(Parse<Book>(R"(name: "books/2" title: "Atlas" state: LENT rare: true
                                    due_time { seconds: 1767225600 } tags: "maps" tags: "big")"));
    server_ =
        rpc::RpcServer::Create({}, {{Book::descriptor()->file()->service(0), Bindings()}}).value();
    server_->Start();
  }
  ~LibraryServer() { server_->Drain(std::chrono::seconds(10)); }

  Outcome Run(std::vector<std::string> words) {
    std::ostringstream out;
    std::ostringstream err;
    const Command methods{"methods", "lists", ListMethods};
    const Command static_command{"books shout", "is found before the verb",
                                 [](Session& session, const auto&) {
                                   session.out() << "HEY\n";
                                   return Status::Ok();
                                 }};
    Surroundings surroundings{out, err, environment, terminal, terminal ? 80u : 0u};
    int code = RunCommandLine(std::vector{methods, static_command}, std::move(words), surroundings);
    return {code, out.str(), err.str()};
  }

  template <class Message>
  Message Request() const {
    Message message;
    EXPECT_TRUE(message.ParseFromString(request));
    return message;
  }

  const rpc::RpcServer& server() const { return *server_; }

  std::map<std::string, std::string> environment{{"CRM_GRPC", ""}};
  bool terminal = false;
  Status refusal = Internal("unset");
  std::string method;
  std::string request;
  rpc::Metadata metadata;

  void UseEnvironment() { environment = {{"CRM_GRPC", server_->address()}}; }

 private:
  template <class Message>
  static Message Parse(const std::string& text) {
    Message message;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
    return message;
  }

  std::map<std::string, rpc::Handler> Bindings() {
    std::map<std::string, rpc::Handler> bindings;
    const auto* service = Book::descriptor()->file()->service(0);
    for (int i = 0; i < service->method_count(); ++i) {
      bindings[service->method(i)->name()] = [this](const std::shared_ptr<rpc::ServerCall>& call) {
        method = call->method().name();
        request = call->request();
        metadata = call->metadata();
        call->Finish(Answer(*call));
      };
    }
    return bindings;
  }

  Result<std::string> Answer(rpc::ServerCall& call) {
    if (method == "GetBook") return books_[0].SerializeAsString();
    if (method == "LendBook") return refusal;
    if (method == "DeleteBook") return std::string();
    if (method == "CreateBook")
      return Request<testing::v1::CreateBookRequest>().book().SerializeAsString();
    if (method == "UpdateBook")
      return Request<testing::v1::UpdateBookRequest>().book().SerializeAsString();
    if (method == "WatchBooks") return Watch(call);
    testing::v1::ListBooksResponse page;
    bool second =
        method == "ListBooks" && Request<testing::v1::ListBooksRequest>().page_token() == "two";
    *page.add_books() = books_[second ? 1 : 0];
    if (method == "ListBooks" && !second) page.set_next_page_token("two");
    return page.SerializeAsString();
  }

  std::string Watch(rpc::ServerCall& call) {
    testing::v1::BookChange change;
    change.set_kind("lent");
    testing::v1::BookLent lent;
    lent.set_reader("Dana");
    change.mutable_fact()->PackFrom(lent);
    EXPECT_TRUE(call.Write(change.SerializeAsString()));
    return "";
  }

  std::vector<Book> books_;
  std::unique_ptr<rpc::RpcServer> server_;
};

}  // namespace crm::ctl
