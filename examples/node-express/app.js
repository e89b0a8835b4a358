// SPDX-License-Identifier: Apache-2.0
'use strict';
// A small shop on Express and SQLite whose endpoints are measured. Its lines go to skywatch.
//
//   SKYWATCH_LOG_GROUP   the log group (default shop)
//   SKYWATCH_ENDPOINT    http://127.0.0.1:4580; without it the lines go to standard output
//   PROFILER_OPTIONS     {"format": "extended"}
//   EXPRESS              express (default) or another name under which a version is installed
//   AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION as every AWS client reads them
const http = require('node:http');
const sqlite = require('node:sqlite');
const express = require(process.env.EXPRESS ?? 'express');
const profiler = require('skywatch-profiler');
const { Sender } = require('skywatch-profiler/sender');

// What the partner that /rates asks takes to answer: it is what the endpoint's time shows.
const PARTNER_MS = 400;

const options = { format: 'extended', ...JSON.parse(process.env.PROFILER_OPTIONS ?? '{}') };
let sender = null;
if (process.env.SKYWATCH_ENDPOINT) {
  sender = new Sender({ group: process.env.SKYWATCH_LOG_GROUP ?? 'shop', endpoint: process.env.SKYWATCH_ENDPOINT });
  options.log = sender.log;
}

profiler.watchSqlite(sqlite);
const db = new sqlite.DatabaseSync(':memory:');
db.exec(`CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT);
  WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19) INSERT INTO items SELECT i, 'item ' || i FROM n`);
const itemById = db.prepare('SELECT name FROM items WHERE id = ? % 20');
const ordersOf = db.prepare('SELECT count(*) AS n FROM orders WHERE item = ?');
const order = db.prepare('INSERT INTO orders (item) VALUES (?)');

const partner = http.createServer((req, res) => setTimeout(() => res.end('1.1'), PARTNER_MS)).listen(0, '127.0.0.1');

const app = express();
app.set('env', 'production'); // Express then answers errors without their stack.
app.use(profiler(options)); // The first: the duration then covers the others.

const items = express.Router({ mergeParams: true });
items.get('/', (req, res) => {
  const { name } = itemById.get(Number(req.params.n));
  res.json({ name, orders: ordersOf.get(name).n });
});
items.post('/', (req, res) => {
  order.run(itemById.get(Number(req.params.n)).name);
  res.sendStatus(201);
});
app.use('/items/:n', items);
app.get('/rates/:n', async (req, res, next) => {
  try {
    res.send(await (await fetch(`http://127.0.0.1:${partner.address().port}/`)).text());
  } catch (error) {
    next(error);
  }
});
app.get('/export', (req, res) => {
  for (let n = 0; n < 3; n++) res.write('x'.repeat(1000));
  res.end();
});
app.get('/latest', (req, res) => res.redirect('/items/1'));
app.get('/failing', () => {
  throw Object.assign(new Error('an endpoint that fails'), { stack: 'an endpoint that fails' });
});

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`shop: listening on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    server.close(async () => {
      partner.close();
      partner.closeAllConnections();
      await sender?.close(); // Sends what is queued.
    });
    server.closeIdleConnections();
  });
}
