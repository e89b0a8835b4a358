// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const test = require('node:test');
const profiler = require('../lib/index.js');

const LINE = /^\[profiler size=(\d+) queries=(\d+) query_ms=\S+ external_ms=(\S+)\] (\S+) (\S+) (\d+\.\d\d) (\d{3})$/;

// The lines of a test, which may be awaited: a client may have its answer before the server has closed it.
function kept() {
  const lines = [];
  let wake = () => {};
  return {
    lines,
    log: (line) => {
      lines.push(line);
      wake();
    },
    async take(count) {
      while (lines.length < count) await new Promise((resolve) => { wake = resolve; });
      assert.equal(lines.length, count, lines.join('\n'));
      return lines.splice(0);
    },
  };
}

async function serving(handler, work) {
  const server = http.createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(server.address().port);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}

function ask(port, method, target, body) {
  return new Promise((resolve, reject) => {
    const headers = body ? { 'content-type': 'application/json' } : {};
    const request = http.request({ port, method, path: target, agent: false, headers, host: '127.0.0.1' }, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode));
    });
    request.once('error', reject);
    request.end(body);
  });
}

function application(express, lines, folder) {
  const app = express();
  app.use(profiler({ format: 'extended', log: lines.log }));
  app.use(express.json());
  app.use('/static', express.static(folder));
  app.get('/users/:id', (req, res) => res.send('12345'));
  app.post('/users/:id', (req, res) => {
    profiler.current().startQuery(`INSERT ${JSON.stringify(req.body)}`)();
    res.status(201).end();
  });
  app.get('/fails', () => { throw Object.assign(new Error('expected by the test'), { stack: '' }); });
  app.get('/moved', (req, res) => res.redirect('/users/1'));
  app.get(/^\/pattern\/\d+$/, (req, res) => res.end());
  app.get(['/one', '/two'], (req, res) => res.end());
  app.get('/stream', async (req, res) => {
    for (const chunk of ['abc', 'de']) {
      res.write(chunk);
      await new Promise(setImmediate);
    }
    res.end('f');
  });
  const orgs = express.Router({ mergeParams: true });
  orgs.get('/', (req, res) => res.send('org'));
  orgs.get('/users/:id', (req, res) => res.send('user'));
  const deep = express.Router();
  deep.get('/end', (req, res) => res.send('end'));
  orgs.use('/deep/:more', deep);
  const passing = express.Router();
  passing.use((req, res, next) => next());
  app.use('/:any', passing);
  app.use('/orgs/:org', orgs);
  const sub = express();
  sub.get('/things/:thing', (req, res) => res.send('thing'));
  app.use('/Sub/:x', sub);
  app.use((req, res, next) => { if (req.path.startsWith('/own404')) res.status(404).end(); else next(); });
  return app;
}

for (const name of ['express', 'express4']) {
  test(`${name}: the line of a request`, async () => {
    const express = require(name);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'profiler-'));
    fs.writeFileSync(path.join(folder, 'a.txt'), 'abc');
    const lines = kept();
    const app = application(express, lines, folder);
    app.set('env', 'test');
    await serving(app, async (port) => {
      for (const [method, target, view, status, size, queries] of [
        ['GET', '/users/7', '/users/:id', 200, 5, 0],
        ['GET', '/users/7?a=b', '/users/:id', 200, 5, 0],
        ['HEAD', '/users/7', '/users/:id', 200, 0, 0],
        ['POST', '/users/7', '/users/:id', 201, 0, 1],
        ['DELETE', '/users/7', '-', 404, null, 0],
        ['GET', '/fails', '/fails', 500, null, 0],
        ['GET', '/moved', '/moved', 302, null, 0],
        ['GET', '/pattern/17', String.raw`^\/pattern\/\d+$`, 200, 0, 0],
        ['GET', '/two', '/one,/two', 200, 0, 0],
        ['GET', '/stream', '/stream', 200, 6, 0],
        ['GET', '/orgs/7', '/orgs/:org', 200, 3, 0],
        ['GET', '/orgs/orgs/users/users', '/orgs/:org/users/:id', 200, 4, 0],
        ['GET', '/orgs/7/deep/8/end', '/orgs/:org/deep/:more/end', 200, 3, 0],
        ['GET', '/orgs/7/none', '-', 404, null, 0],
        ['GET', '/Sub/7/things/8', '/Sub/:x/things/:thing', 200, 5, 0],
        ['GET', '/static/a.txt', '/static/*', 200, 3, 0],
        ['GET', '/static/none.txt', '-', 404, null, 0],
        ['GET', '/own404/7', '-', 404, 0, 0],
        ['GET', '/no/such/7', '-', 404, null, 0],
      ]) {
        assert.equal(await ask(port, method, target, method === 'POST' ? '{"a":1}' : null), status, target);
        const [line] = await lines.take(1);
        const match = LINE.exec(line);
        assert.ok(match, line);
        assert.deepEqual([match[4], match[5].toLowerCase(), Number(match[7]), Number(match[2])], [method, view.toLowerCase(), status, queries], line);
        if (size !== null) assert.equal(Number(match[1]), size, line);
      }
    });
    fs.rmSync(folder, { recursive: true });
  });

  test(`${name}: as many views as routes`, async () => {
    const lines = kept();
    const app = application(require(name), lines, os.tmpdir());
    app.set('env', 'test');
    await serving(app, async (port) => {
      for (let n = 0; n < 30; n++) {
        for (const target of [`/users/${n}`, `/orgs/${n}/users/${n}`, `/${n}`, `/orgs/${n}/${n}/${n}`, `/Sub/${n}/things/${n}`]) await ask(port, 'GET', target);
      }
      const views = new Set((await lines.take(150)).map((line) => LINE.exec(line)[5].toLowerCase()));
      assert.deepEqual([...views].sort(), ['-', '/orgs/:org/users/:id', '/sub/:x/things/:thing', '/users/:id']);
    });
  });
}

test('plain http: the view comes from the handler or the option', async () => {
  const lines = kept();
  const handler = (req, res) => {
    if (req.url.startsWith('/named')) profiler.setView(req, 'named');
    res.end('x');
  };
  const view = (req) => (req.url === '/route' ? 'a route' : null);
  await serving(profiler.wrap(profiler.wrap(handler), { format: 'extended', log: lines.log, view }), async (port) => {
    for (const [target, want] of [['/route', 'a_route'], ['/named/7', 'named'], ['/other/7', '-']]) {
      await ask(port, 'GET', target);
      assert.equal(LINE.exec((await lines.take(1))[0])[5], want);
    }
  });
});

test('filters and sampling', async () => {
  for (const [options, method, target, written] of [
    [{ skipMethods: ['OPTIONS'] }, 'OPTIONS', '/', false], [{ skipMethods: ['OPTIONS'] }, 'GET', '/', true],
    [{ skipPaths: ['^/health$'] }, 'GET', '/health?a', false], [{ skipPaths: [/^\/health$/] }, 'GET', '/healthy', true],
    [{ slowerThanMs: 1e9 }, 'GET', '/', false], [{ sample: 10, choose: () => 0.1 }, 'GET', '/', false],
  ]) {
    const lines = kept();
    await serving(profiler.wrap((req, res) => res.end(), { log: lines.log, ...options }), async (port) => {
      await ask(port, method, target);
    });
    assert.equal(lines.lines.length, written ? 1 : 0, JSON.stringify(options));
  }
  const lines = kept();
  await serving(profiler.wrap((req, res) => res.end(), { log: lines.log, sample: 10, choose: () => 0.0999 }), (port) => ask(port, 'GET', '/'));
  assert.match(lines.lines[0], /^\[profiler sample=10\] GET - /);
});

test('a client that leaves is no fault of ours', async () => {
  const lines = kept();
  const arrived = [];
  let tell;
  await serving(profiler.wrap((req, res) => {
    arrived.push(res);
    if (req.url === '/begun') res.write('x');
    tell();
  }, { log: lines.log }), async (port) => {
    for (const [target, status] of [['/silent', 499], ['/begun', 200]]) {
      const here = new Promise((resolve) => { tell = resolve; });
      const socket = net.connect(port, '127.0.0.1');
      socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await here;
      socket.destroy();
      assert.match((await lines.take(1))[0], new RegExp(` ${status}$`));
    }
  });
});

test('upgraded connections write no line', async () => {
  const lines = kept();
  const server = http.createServer(profiler.wrap((req, res) => res.end(), { log: lines.log })).listen(0, '127.0.0.1');
  server.on('upgrade', (req, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello'));
  await once(server, 'listening');
  const socket = net.connect(server.address().port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  await once(socket.resume(), 'close');
  server.close();
  assert.equal(lines.lines.length, 0);
});

test('parallel requests do not mix', async () => {
  const lines = kept();
  const handler = async (req, res) => {
    for (let n = Number(req.url.slice(1)); n > 0; n--) {
      profiler.current().startQuery('SELECT 1')();
      await new Promise(setImmediate);
    }
    res.end();
  };
  await serving(profiler.wrap(handler, { format: 'extended', log: lines.log }), async (port) => {
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((n) => ask(port, 'GET', `/${n}`)));
    assert.deepEqual((await lines.take(8)).map((line) => Number(/ queries=(\d+) /.exec(line)[1])).sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

test('outgoing calls of node:http and fetch are timed once, with their bodies', async () => {
  const delayMs = 30;
  const lines = kept();
  await serving((req, res) => {
    res.write('a');
    setTimeout(() => res.end('b'), delayMs); // This service is slow in its body: that is what must be seen.
  }, async (outside) => {
    const call = { '/http': () => ask(outside, 'GET', '/'), '/fetch': async () => (await fetch(`http://127.0.0.1:${outside}/`)).text() };
    await serving(profiler.wrap(async (req, res) => {
      await Promise.all([1, 2, 3, 4].map(call[req.url]));
      res.end();
    }, { format: 'extended', log: lines.log }), async (port) => {
      for (const target of Object.keys(call)) {
        await ask(port, 'GET', target);
        const match = LINE.exec((await lines.take(1))[0]);
        assert.ok(Number(match[3]) >= 0.9 * delayMs && Number(match[3]) <= Number(match[6]), `${target}: ${match[0]}`);
      }
    });
  });
});
