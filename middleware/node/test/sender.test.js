// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const sender = require('../lib/sender.js');

function failure(name) {
  return Object.assign(new Error(name), { name });
}

// The three calls as the service answers them.
class Service {
  constructor({ fail = [], info, group = false } = {}) {
    Object.assign(this, { fail, info, group, stream: false, batches: [], gate: null });
  }

  async send(command) {
    const { constructor: { name }, input } = command;
    if (name === 'CreateLogGroupCommand') {
      if (this.group) throw failure('ResourceAlreadyExistsException');
      this.group = true;
      return {};
    }
    if (name === 'CreateLogStreamCommand') {
      this.stream = true;
      return {};
    }
    await this.gate;
    if (this.fail.length > 0) throw this.fail.shift();
    if (!this.stream) throw failure('ResourceNotFoundException');
    const events = input.logEvents;
    assert.ok(events.length >= 1 && events.length <= sender.EVENTS_MAX);
    assert.ok(events.reduce((sum, e) => sum + Buffer.byteLength(e.message) + 26, 0) <= sender.BATCH_BYTES_MAX);
    for (let n = 1; n < events.length; n++) assert.ok(events[n - 1].timestamp <= events[n].timestamp);
    assert.ok(events.at(-1).timestamp - events[0].timestamp < sender.SPAN_MS_MAX);
    this.batches.push(events.map((e) => e.message));
    return { rejectedLogEventsInfo: this.info };
  }
}

function start(service, options = {}) {
  const complaints = [];
  const made = new sender.Sender({ group: 'g', stream: 's', client: service, backoffMs: 0.01, complain: (text) => complaints.push(text), ...options });
  made.complaints = complaints;
  return made;
}

for (const group of [false, true]) {
  test(`lines arrive in order, the group ${group ? 'exists' : 'is made'}`, async () => {
    const service = new Service({ group });
    const s = start(service);
    const lines = Array.from({ length: 100 }, (_, n) => `line ${n}`);
    lines.forEach(s.log);
    await s.close();
    assert.deepEqual(service.batches.flat(), lines);
    assert.deepEqual([s.sent, s.dropped], [100, 0]);
  });
}

test('a timer sends without being asked', async () => {
  const service = new Service();
  const s = start(service, { intervalMs: 1 });
  s.log('x');
  while (service.batches.length === 0) await new Promise((resolve) => { setTimeout(resolve, 1); });
  assert.deepEqual(service.batches, [['x']]);
  await s.close();
});

test('a full queue drops and counts', async () => {
  const service = new Service();
  let open;
  service.gate = new Promise((resolve) => { open = resolve; });
  const s = start(service, { queueMax: 10 });
  s.log('first');
  s.flush(); // On its way; from here on nothing leaves the queue.
  for (let n = 0; n < 25; n++) s.log(String(n));
  assert.equal(s.dropped, 15);
  open();
  await s.close();
  s.log('late');
  assert.deepEqual([s.sent, s.dropped], [11, 16]);
});

test('failures', async () => {
  const down = () => failure('Error');
  for (const [name, fail, info, sent] of [
    ['tried again', [down(), down(), down()], undefined, 5], ['hopeless', [failure('InvalidParameterException')], undefined, 0],
    ['too old', [], { tooOldLogEventEndIndex: 2 }, 3], ['expired and too new', [], { expiredLogEventEndIndex: 1, tooNewLogEventStartIndex: 4 }, 3],
  ]) {
    const s = start(new Service({ fail, info }));
    for (let n = 0; n < 5; n++) s.log('x');
    await s.close();
    assert.deepEqual([s.sent, s.dropped, s.complaints.length], [sent, 5 - sent, 1], name);
  }
});

test('batches keep the limits of the service', async () => {
  const service = new Service();
  const s = start(service, { queueMax: 100_000 });
  for (let n = 0; n < 12; n++) s.log('x'.repeat(200_000));
  for (let n = 0; n < 12_000; n++) s.log('y');
  s.log('a' + 'é'.repeat(200_000));
  s.queue.push({ timestamp: 1e12, message: 'old' });
  await s.close();
  assert.deepEqual([s.sent, s.dropped], [12_014, 0]);
  const longest = Math.max(...service.batches.flat().map((text) => Buffer.byteLength(text)));
  assert.ok(longest <= sender.EVENT_BYTES_MAX && longest >= sender.EVENT_BYTES_MAX - 1);
});

test('closing gives up on a dead service', async () => {
  const s = start(new Service({ fail: Array(1e6).fill(failure('Error')) }), { closeMs: 20 });
  s.log('x');
  await s.close();
  assert.deepEqual([s.sent, s.dropped], [0, 1]);
});

test('a program that is done sends what is queued first', async () => {
  const { execFileSync } = require('node:child_process');
  const program = `
    const { Sender } = require(${JSON.stringify(require.resolve('../lib/sender.js'))});
    const client = { send: async (c) => { if (c.input.logEvents) console.log(c.input.logEvents.map((e) => e.message).join()); return {}; } };
    new Sender({ group: 'g', client, intervalMs: 1e6 }).log('the last line');`;
  assert.equal(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 60_000 }), 'the last line\n');
});

test('an application that links to the package gives it its own SDK', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skywatch-profiler-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  // Away from here, so that the package has no SDK of its own.
  fs.cpSync(path.join(__dirname, '..', 'lib'), path.join(folder, 'package', 'lib'), { recursive: true });
  fs.copyFileSync(path.join(__dirname, '..', 'package.json'), path.join(folder, 'package', 'package.json'));
  const packages = path.join(folder, 'application', 'node_modules');
  fs.mkdirSync(path.join(packages, '@aws-sdk', 'client-cloudwatch-logs'), { recursive: true });
  fs.writeFileSync(path.join(packages, '@aws-sdk', 'client-cloudwatch-logs', 'index.js'), 'exports.CloudWatchLogsClient = class { word = "its own"; };');
  fs.symlinkSync(path.join(folder, 'package'), path.join(packages, 'skywatch-profiler'));
  const program = path.join(folder, 'application', 'app.js');
  fs.writeFileSync(program, 'const { Sender } = require("skywatch-profiler/sender"); console.log(new Sender({ group: "g" }).client.word);');
  assert.equal(execFileSync(process.execPath, [program], { cwd: os.tmpdir(), encoding: 'utf8', timeout: 20_000 }), 'its own\n');
});
