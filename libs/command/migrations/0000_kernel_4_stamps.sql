-- One record a collection that decisions read as a whole; see CollectionStamp in proto/crm/kernel/v1/records.proto.
CREATE TABLE collection_stamps (LIKE record INCLUDING ALL);
SELECT crm_protect('collection_stamps');
