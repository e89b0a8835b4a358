// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const profiler = require('../lib/index.js');
const { formatLine, milliseconds, word } = require('../lib/line.js');
const { checked, traceId, Measured } = require('../lib/measure.js');
const { mostRepeated, shape } = require('../lib/statements.js');

const GLOB = /\[(.*?)\] (.*?) (.*?) (.*?) (.*)/s; // parse @message "[*] * * * *"
const F = { method: 'GET', view: 'user-list', durationMs: 12.34, status: 200, size: 512, queries: 3, queryMs: 1.2, externalMs: 0, repeated: 0, sample: 1, trace: null };
const MORE = { ...F, repeated: 7, sample: 10, trace: 't' };

test('forms', () => {
  for (const [format, fields, want] of [
    ['plain', F, '[profiler] GET user-list 12.34 200'],
    ['plain', MORE, '[profiler sample=10] GET user-list 12.34 200'],
    ['extended', F, '[profiler size=512 queries=3 query_ms=1.20 external_ms=0.00] GET user-list 12.34 200'],
    ['extended', MORE, '[profiler size=512 queries=3 query_ms=1.20 external_ms=0.00 repeated=7 sample=10 trace=t] GET user-list 12.34 200'],
    ['json', F, '{"logger":"profiler","method":"GET","view":"user-list","duration":12.34,"status_code":200,"size":512,"queries":3,"query_ms":1.20,"external_ms":0.00}'],
  ]) {
    assert.equal(formatLine(format, fields), want);
    if (format === 'json') assert.equal(JSON.parse(want).duration, 12.34);
    else assert.deepEqual(GLOB.exec(want).slice(2), ['GET', 'user-list', '12.34', '200']);
  }
  assert.deepEqual(Object.keys(JSON.parse(formatLine('json', MORE))).slice(-3), ['repeated', 'sample', 'trace']);
});

test('embedded metrics name members that exist', () => {
  const line = JSON.parse(formatLine('emf', { ...F, view: 'a"b', status: 503, timestampMs: 1700000000123, namespace: 'shop' }));
  const [directive] = line._aws.CloudWatchMetrics;
  assert.equal(directive.Namespace, 'shop');
  for (const { Name } of directive.Metrics) assert.equal(typeof line[Name], 'number', Name);
  for (const name of directive.Dimensions[0]) assert.equal(typeof line[name], 'string', name);
  assert.equal(line.faults, 1);
});

test('words and numbers', () => {
  for (const [text, want] of [['', '-'], ['a b', 'a_b'], ['a\nb\tc', 'a_b_c'], ['/users/:id', '/users/:id'], ['a] [b', 'a]_[b'], ['día', 'día'],
    ['x'.repeat(1000), 'x'.repeat(200)], ['a\u00a0b', 'a_b'], ['a\u0000b', 'a_b']]) {
    assert.equal(word(text), want);
  }
  for (const [ms, want] of [[0, '0.00'], [0.004999, '0.00'], [0.005, '0.01'], [999.995, '1000.00'], [-1, '0.00'], [3600000, '3600000.00']]) {
    assert.equal(milliseconds(ms), want);
  }
  assert.match(formatLine('plain', { ...F, method: 'BREW' }), / _OTHER /);
});

test('shapes of statements', () => {
  for (const [sql, want] of [
    ['SELECT * FROM a WHERE id = 7', 'SELECT * FROM a WHERE id = ?'],
    ["SELECT  *\n FROM a WHERE name = 'it''s' AND x=0x1F", 'SELECT * FROM a WHERE name = ? AND x=?'],
    ['SELECT * FROM a WHERE id IN ($1,$2)', 'SELECT * FROM a WHERE id IN (?)'],
    ['SELECT * FROM a WHERE id IN (1, 2)', 'SELECT * FROM a WHERE id IN (?)'],
    ['SELECT t1.c FROM t1', 'SELECT t1.c FROM t1'],
  ]) assert.equal(shape(sql), want);
  const texts = new Map([['SAVEPOINT a', 9], ['SELECT 1', 3], ['SELECT 2', 3]]);
  assert.equal(mostRepeated(texts, 5), 6);
  assert.equal(mostRepeated(texts, 6), 0);
});

test('traces', () => {
  const xray = '1-5759e988-bd862e3fe1be46a994272793';
  const w3c = '0af7651916cd43dd8448eb211c80319c';
  for (const [x, w, want] of [
    [undefined, undefined, null], [`Root=${xray}`, undefined, xray], [`Self=1-2-3;Root=${xray};Parent=53995c3f42cd8ad8;Sampled=1`, undefined, xray],
    [`Root=${xray}x`, undefined, null], [`Root=${xray}] GET`, `00-${w3c}-b7ad6b7169203331-01`, w3c],
    [undefined, `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, null], [undefined, `ff-${w3c}-b7ad6b7169203331-01`, null],
    [undefined, `00-${w3c}-b7ad6b7169203331-01-${'x'.repeat(600)}`, null],
  ]) assert.equal(traceId({ 'x-amzn-trace-id': x, traceparent: w }), want);
});

test('wrong options are refused', () => {
  for (const options of [{ format: 'xml' }, { formt: 'plain' }, { sample: 0 }, { slowerThanMs: -1 }, { skipPaths: '/' }, { skipPaths: ['('] }]) {
    assert.throws(() => profiler(options));
  }
});

test('parallel work is counted once, work after the last byte not at all', () => {
  let now = 0;
  const lines = [];
  const measured = new Measured(checked({ format: 'json', clock: () => now, log: (line) => lines.push(line) }), {});
  const first = measured.startQuery('SELECT 1');
  now = 2;
  const second = measured.startQuery('SELECT 1');
  now = 5;
  first();
  first();
  now = 9;
  second();
  measured.startExternal();
  now = 12;
  measured.handed(10);
  now = 50;
  measured.finish('GET', 'v', 200);
  measured.finish('GET', 'v', 500);
  assert.equal(lines.length, 1);
  const seen = JSON.parse(lines[0]);
  assert.deepEqual([seen.queries, seen.query_ms, seen.duration, seen.size], [2, 9, 12, 10]);
  assert.ok(seen.external_ms <= seen.duration);
});
