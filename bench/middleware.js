// SPDX-License-Identifier: Apache-2.0
'use strict';
// The Node.js part of bench/middleware.py: prints {framework: {form: median microseconds of processor time a request}}.
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { createRequire } = require('node:module');
const load = createRequire(path.join(__dirname, '..', 'middleware', 'node', 'package.json'));
const profiler = load('./lib/index.js');

const ROUNDS = 20;
const requests = Number(process.argv[2] ?? 20_000);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skywatch-bench-'));

// A request and its response without a socket; resolves when the response is closed.
function serve(handler) {
  return new Promise((resolve) => {
    const req = new http.IncomingMessage(null);
    Object.assign(req, { method: 'GET', url: '/users/7', headers: { host: 'test' } });
    const res = new http.ServerResponse(req);
    res.assignSocket(sink());
    res.once('finish', () => {
      res.emit('close');
      resolve();
    });
    handler(req, res);
  });
}

function sink() {
  const { Writable } = require('node:stream');
  return new Writable({ write: (chunk, encoding, done) => done() });
}

function expressHandler(name) {
  return (options) => {
    const app = load(name)();
    if (options) app.use(profiler(options));
    app.get('/users/:id', (req, res) => res.end('hello'));
    return app;
  };
}

function plainHandler(options) {
  const handler = (req, res) => res.end('hello');
  return options ? profiler.wrap(handler, { ...options, view: () => 'user' }) : handler;
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

async function measure(make) {
  const forms = { without: make(null) };
  for (const format of ['plain', 'extended', 'json']) {
    forms[`${format} null`] = make({ format, log: () => {} });
    const file = fs.createWriteStream(path.join(folder, `${format}.log`));
    forms[`${format} file`] = make({ format, log: (line) => file.write(`${line}\n`) });
  }
  const times = Object.fromEntries(Object.keys(forms).map((name) => [name, []]));
  const each = Math.max(1, Math.floor(requests / ROUNDS));
  for (const handler of Object.values(forms)) for (let n = 0; n < 200; n++) await serve(handler);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, handler] of Object.entries(forms)) {
      const start = process.cpuUsage();
      for (let n = 0; n < each; n++) await serve(handler);
      const { user, system } = process.cpuUsage(start);
      times[name].push((user + system) / each);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
}

(async () => {
  const result = {};
  for (const [name, make] of Object.entries({ 'Express 5': expressHandler('express'), 'Express 4': expressHandler('express4'), 'node:http': plainHandler })) {
    result[name] = await measure(make);
  }
  fs.rmSync(folder, { recursive: true });
  console.log(JSON.stringify(result));
})();
