// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/service.h - the parts of the Logs domain, put together once.

#include "base/clock.h"
#include "base/random.h"
#include "logs/groups.h"
#include "logs/ingest.h"
#include "logs/lookup_tables.h"
#include "logs/query_definitions.h"
#include "logs/query_engine.h"
#include "logs/query_sessions.h"
#include "logs/reading.h"
#include "logs/records.h"
#include "logs/streams.h"
#include "store/store.h"

namespace sky::logs {

/// What the operations of logs/api work on. Everything given outlives it. Threads: any.
struct Service {
    Service(store::Store& event_store, const Clock& clock, Random& random,
            const QueryEngine& engine, const SessionOptions& options,
            const EncryptionKeys& keys = no_encryption_keys())
        : store(event_store),
          groups(event_store, clock, keys),
          streams(event_store, clock, groups),
          ingest(event_store, clock, groups, streams),
          reading(event_store, clock, streams),
          records(event_store, clock, engine),
          lookup_tables(event_store, clock),
          query_definitions(event_store, clock, random),
          queries(event_store, clock, random, groups, lookup_tables, engine, options) {}

    store::Store& store;
    Groups groups;
    Streams streams;
    Ingest ingest;
    Reading reading;
    Records records;
    LookupTables lookup_tables;
    QueryDefinitions query_definitions;
    QuerySessions queries;
};

}  // namespace sky::logs
