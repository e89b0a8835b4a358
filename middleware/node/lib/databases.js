// SPDX-License-Identifier: Apache-2.0
'use strict';
// Counts the queries of database drivers. Each function takes the module or object that the application uses and may be called
// again without effect.
const { AsyncResource } = require('node:async_hooks');
const { current } = require('./measure.js');

const MARK = Symbol('skywatch-profiler');

// Replaces a method where it is defined. `make(original)` gives the new one.
function wrap(prototype, name, make) {
  while (prototype && !Object.prototype.hasOwnProperty.call(prototype, name)) prototype = Object.getPrototypeOf(prototype);
  if (!prototype || prototype[name][MARK]) return;
  const replaced = make(prototype[name]);
  replaced[MARK] = true;
  prototype[name] = replaced;
}

// A pool hands a connection to whoever waited, while another request gives it back: its callback must find its own request.
function bound(original) {
  return function getConnection(callback, ...rest) {
    return original.call(this, typeof callback === 'function' ? AsyncResource.bind(callback) : callback, ...rest);
  };
}

// pg: Client and Pool, with promises, callbacks and submittables (cursors, streams).
function watchPg(pg) {
  wrap(pg.Pool.prototype, 'connect', bound);
  wrap(pg.Client.prototype, 'query', (original) => function query(...args) {
    const measured = current();
    const first = args[0];
    if (!measured || first === null || first === undefined) return original.apply(this, args);
    const end = measured.startQuery(String(typeof first === 'string' ? first : first.text ?? first.cursor?.text ?? ''));
    const last = args.length - 1;
    if (typeof args[last] === 'function') {
      const callback = AsyncResource.bind(args[last]);
      args[last] = (...results) => {
        end();
        return callback(...results);
      };
      return original.apply(this, args);
    }
    let result;
    try {
      result = original.apply(this, args);
    } catch (error) {
      end();
      throw error;
    }
    if (typeof result?.then === 'function') result.then(end, end);
    else if (typeof result?.once === 'function') result.once('end', end).once('close', end);
    else end(); // A cursor reads later, whenever it is asked.
    return result;
  });
}

// mysql2: connections and pools, with callbacks and, through them, its promise form.
function watchMysql2(mysql2) {
  wrap(mysql2.Pool.prototype, 'getConnection', bound);
  for (const name of ['query', 'execute']) {
    wrap(mysql2.Connection.prototype, name, (original) => function run(sql, values, callback) {
      const measured = current();
      if (!measured) return original.call(this, sql, values, callback);
      const end = measured.startQuery(String(typeof sql === 'string' ? sql : sql?.sql ?? ''));
      let command;
      try {
        command = original.call(this, sql, values, callback);
      } catch (error) {
        end();
        throw error;
      }
      command.once('end', end);
      command.once('PROTOCOL_ERROR', end);
      return command;
    });
  }
}

// A Knex instance, by its events. The driver below it should not be watched too: each query would count twice.
function watchKnex(knex) {
  if (knex[MARK]) return;
  Object.defineProperty(knex, MARK, { value: true });
  const running = new Map();
  const ended = (query) => {
    running.get(query.__knexQueryUid)?.();
    running.delete(query.__knexQueryUid);
  };
  knex.on('query', (query) => {
    const measured = current();
    if (measured) running.set(query.__knexQueryUid, measured.startQuery(query.sql));
  });
  knex.on('query-response', (_, query) => ended(query));
  knex.on('query-error', (_, query) => ended(query));
}

// node:sqlite, whose statements run at once.
function watchSqlite(sqlite) {
  const timed = (textOf) => (original) => function run(...args) {
    const measured = current();
    if (!measured) return original.apply(this, args);
    const end = measured.startQuery(textOf(this, args));
    try {
      return original.apply(this, args);
    } finally {
      end();
    }
  };
  wrap(sqlite.DatabaseSync.prototype, 'exec', timed((_, args) => String(args[0])));
  for (const name of ['run', 'get', 'all', 'iterate']) wrap(sqlite.StatementSync.prototype, name, timed((statement) => statement.sourceSQL));
}

module.exports = { watchKnex, watchMysql2, watchPg, watchSqlite };
