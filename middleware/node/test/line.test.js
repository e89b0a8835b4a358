// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const profiler = require('../lib/index.js');
const { formatLine, milliseconds, word } = require('../lib/line.js');
const { checked, traceId, Measured } = require('../lib/measure.js');
const { mostRepeated, shape } = require('../lib/statements.js');

const GLOB = /\[(.*?)\] (.*?) (.*?) (.*?) (.*)/s; // parse @message "[*] * * * *"
// What all packages write and read alike.
const CASES = require('../../testing/line_cases.json');
const fields = ({ method, view, duration_ns: durationNs, status, size, queries, query_ns: queryNs, repeated, sample, trace }) => ({
  method, view, durationMs: durationNs / 1e6, status, size, queries, queryMs: queryNs / 1e6, externalMs: 0, repeated, sample, trace: trace || null });
const F = fields(CASES.fields.few);

test('forms', () => {
  for (const [format, name, want] of CASES.forms) {
    assert.equal(formatLine(format, fields(CASES.fields[name])), want);
    if (format === 'json') assert.equal(JSON.parse(want).duration, 12.34);
    else assert.deepEqual(GLOB.exec(want).slice(2), ['GET', 'user-list', '12.34', '200']);
  }
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
  for (const [text, want] of [...CASES.words, ['a\u0000b', 'a_b']]) assert.equal(word(text), want);
  for (const [ns, want] of CASES.milliseconds) assert.equal(milliseconds(ns / 1e6), want);
  assert.match(formatLine('plain', { ...F, method: 'BREW' }), / _OTHER /);
});

test('shapes of statements', () => {
  for (const [sql, want] of CASES.statements) assert.equal(shape(sql), want);
  const texts = new Map([['SAVEPOINT a', 9], ['SELECT 1', 3], ['SELECT 2', 3]]);
  assert.equal(mostRepeated(texts, 5), 6);
  assert.equal(mostRepeated(texts, 6), 0);
});

test('traces', () => {
  for (const [x, w, want] of CASES.traces) assert.equal(traceId({ 'x-amzn-trace-id': x || undefined, traceparent: w || undefined }), want || null);
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
