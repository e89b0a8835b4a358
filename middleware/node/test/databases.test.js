// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const test = require('node:test');
const profiler = require('../lib/index.js');
const { Measured, checked, requests } = require('../lib/measure.js');

// Runs `work` as a request and returns its line as an object.
async function measured(work) {
  const lines = [];
  const one = new Measured(checked({ format: 'json', log: (line) => lines.push(line), repeatedOver: 3 }), {});
  await requests.run(one, work);
  assert.equal(one.query.running, 0, 'every query has ended');
  one.finish('GET', 'v', 200);
  const seen = JSON.parse(lines[0]);
  assert.ok(seen.query_ms <= seen.duration);
  return seen;
}

const POSTGRES = fs.existsSync('/usr/lib/postgresql') && fs.readdirSync('/usr/lib/postgresql').map((v) => `/usr/lib/postgresql/${v}/bin`)
  .find((folder) => fs.existsSync(`${folder}/initdb`));
const SKIP = POSTGRES ? false : 'the Debian package postgresql-15 is not installed';

// A PostgreSQL of the test's own, on a socket in a folder.
async function withPostgres(work) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pg-'));
  const root = process.getuid() === 0; // PostgreSQL refuses to run as root.
  const as = root ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];
  if (root) execFileSync('chown', ['postgres', folder]);
  const run = (program, ...rest) => [...as, `${POSTGRES}/${program}`, ...rest];
  const [command, ...rest] = run('initdb', '-D', `${folder}/data`, '-U', 'test', '--auth=trust', '--no-sync', '--locale=C', '-E', 'UTF8');
  execFileSync(command, rest, { cwd: folder, stdio: 'ignore' });
  const [server, ...options] = run('postgres', '-D', `${folder}/data`, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off');
  const child = spawn(server, options, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await new Promise((resolve, reject) => {
      let text = '';
      child.stderr.on('data', (data) => {
        text += data;
        if (text.includes('ready to accept connections')) resolve();
      });
      child.once('exit', () => reject(new Error(text)));
    });
    await work({ host: folder, user: 'test', database: 'postgres' });
  } finally {
    child.kill('SIGQUIT');
    if (child.exitCode === null) await once(child, 'exit');
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

test('pg and Knex on PostgreSQL', { skip: SKIP }, async (t) => {
  const pg = require('pg');
  await withPostgres(async (where) => {
    await t.test('Knex counts by its events', async () => {
      const knex = require('knex')({ client: 'pg', connection: where, pool: { min: 0, max: 2 } });
      profiler.watchKnex(knex);
      profiler.watchKnex(knex);
      const seen = await measured(async () => {
        await knex.raw('SELECT 1');
        await Promise.all([1, 2, 3, 4].map((n) => knex.select(knex.raw('? as n', [n]))));
        await assert.rejects(knex('nowhere').where({ id: 1 }));
      });
      assert.equal(seen.queries, 6);
      await knex.destroy();
    });
    await t.test('pg: clients, pools, promises, callbacks, failures', async () => {
      profiler.watchPg(pg);
      profiler.watchPg(pg);
      const pool = new pg.Pool({ ...where, max: 2 });
      const seen = await measured(async () => {
        assert.equal((await pool.query('SELECT 1 AS n')).rows[0].n, 1);
        for (let n = 0; n < 4; n++) await pool.query({ text: 'SELECT $1::int AS n', values: [n] });
        await new Promise((resolve, reject) => pool.query('SELECT 2', (error) => (error ? reject(error) : resolve())));
        await assert.rejects(pool.query('SELECT nothing FROM nowhere'));
        const client = await pool.connect();
        await client.query('BEGIN');
        await client.query('COMMIT');
        client.release();
      });
      assert.deepEqual([seen.queries, seen.repeated], [9, 4]);
      await pool.end();
    });
    await t.test('pg: requests that wait for one connection do not mix', async () => {
      const pool = new pg.Pool({ ...where, max: 1 });
      const all = await Promise.all([1, 2, 3, 4, 5].map((count) => measured(async () => {
        for (let n = 0; n < count; n++) await pool.query('SELECT pg_sleep(0.001)');
      })));
      assert.deepEqual(all.map((seen) => seen.queries), [1, 2, 3, 4, 5]);
      const byCallback = await Promise.all([1, 2, 3].map((count) => measured(() => new Promise((resolve) => {
        let left = count;
        const next = () => (left-- > 0 ? pool.query('SELECT 1', next) : resolve());
        next();
      }))));
      assert.deepEqual(byCallback.map((seen) => seen.queries), [1, 2, 3]);
      await pool.end();
    });
  });
});

test("mysql2 against mysql2's own server", async () => {
  const mysql2 = require('mysql2');
  profiler.watchMysql2(mysql2);
  profiler.watchMysql2(mysql2);
  const server = mysql2.createServer();
  server.on('connection', (connection) => {
    connection.serverHandshake({ protocolVersion: 10, serverVersion: '8', connectionId: 1, statusFlags: 2, characterSet: 8, capabilityFlags: 0xffffff });
    connection.on('query', (sql) => {
      if (sql.includes('nowhere')) connection.writeError({ code: 1146, message: 'no such table' });
      else connection.writeOk({ affectedRows: 1 });
      connection.sequenceId = 0;
    });
    connection.on('error', () => {}); // The client hangs up.
  });
  server.listen(0, '127.0.0.1');
  await once(server._server, 'listening');
  const pool = mysql2.createPool({ host: '127.0.0.1', port: server._server.address().port, user: 'x', connectionLimit: 1 });
  const promised = pool.promise();
  const all = await Promise.all([1, 2, 3].map((count) => measured(async () => {
    for (let n = 0; n < count; n++) await promised.query('UPDATE a SET b = ?', [n]);
    await assert.rejects(promised.query('UPDATE nowhere SET b = 1'));
    await new Promise((resolve, reject) => pool.query('UPDATE a SET b = 1', (error) => (error ? reject(error) : resolve())));
  })));
  assert.deepEqual(all.map((seen) => seen.queries), [3, 4, 5]);
  await promised.end();
  await new Promise((resolve) => server.close(resolve));
});

let sqlite = null;
try {
  sqlite = require('node:sqlite');
} catch {
  // Node 20 and older have none.
}

test('node:sqlite', { skip: sqlite ? false : 'this Node.js has no node:sqlite' }, async () => {
  profiler.watchSqlite(sqlite);
  profiler.watchSqlite(sqlite);
  const seen = await measured(() => {
    const db = new sqlite.DatabaseSync(':memory:');
    db.exec('CREATE TABLE a (b)');
    const insert = db.prepare('INSERT INTO a VALUES (?)');
    for (let n = 0; n < 4; n++) insert.run(n);
    assert.equal(db.prepare('SELECT count(*) AS n FROM a').get().n, 4);
    assert.throws(() => db.exec('SELECT nothing FROM nowhere'));
    db.close();
  });
  assert.deepEqual([seen.queries, seen.repeated], [7, 4]);
});
