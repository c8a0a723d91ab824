// Collections that decisions read as a whole, and the stamps by which a commit finds out that they
// have changed meanwhile.
#include "libs/command/call.h"
#include "libs/command/record_codec.h"

namespace crm {

using google::protobuf::Message;
using kernel::v1::CollectionStamp;

Result<Call::Touched*> Call::TouchStamp(const RecordType& type) {
  const RecordType& stamps = services_.types->Of(CollectionStamp::descriptor());
  return Touch(stamps, stamps.Name(NamedUuid("collection", type.table())));
}

Result<const Collection*> Call::LoadCollection(const RecordType& type) {
  if (!type.stamped()) return Internal(type.collection() + " has no stamp to be loaded under");
  auto touched = TouchStamp(type);
  if (!touched.ok()) return touched.status();
  Touched& stamp = **touched;
  if (stamp.written) return Internal(type.collection() + " is loaded after one of it was stored");
  if (stamp.based_on != 0) {
    // Of records that are being committed no list knows. So this attempt decides by those that are,
    // and is run again until they are the same.
    auto stored = services_.store->Get(stamp.key, context_.stop);
    if (!stored.ok()) return stored.status();
    stamp.loaded_version = stamp.version = *stored ? (*stored)->version : 0;
    stamp.based_on = 0;
  }
  Committer* committer = services_.committer;
  std::shared_ptr<const Collection> collection;
  if (committer != nullptr) {
    collection = committer->recent().FindCollection(stamp.key, stamp.loaded_version);
  }
  if (collection == nullptr) {
    auto listed = std::make_shared<Collection>();
    listed->stamp = stamp.loaded_version;
    if (auto status = ListAll(type, *listed); !status.ok()) return status;
    collection = std::move(listed);
    if (committer != nullptr) committer->recent().PutCollection(stamp.key, collection);
  }
  return collections_.emplace_back(std::move(collection)).get();
}

// Newer than the stamp where they change just now: then the stamp will not hold at commit, nor in
// any later call that finds them under it.
Status Call::ListAll(const RecordType& type, Collection& collection) {
  ListQuery query;
  query.type = &type;
  query.tenant = tenant();
  query.now = context_.now;
  query.limit = 1000;
  while (true) {
    auto page = services_.store->List(query, context_.stop);
    if (!page.ok()) return page.status();
    for (const auto& listed : *page) {
      auto record = type.NewMessage();
      if (auto status = DecodeRecord(listed.record.body, *record); !status.ok()) return status;
      collection.records.push_back(std::move(record));
    }
    if (page->size() < query.limit) return Status::Ok();
    query.after = page->back().position;
  }
}

Status Call::Restamp(const RecordType& type) {
  if (!type.stamped()) return Status::Ok();
  auto touched = TouchStamp(type);
  if (!touched.ok()) return touched.status();
  CollectionStamp stamp;
  stamp.set_name((*touched)->key.name());
  return Project(stamp);
}

}  // namespace crm
