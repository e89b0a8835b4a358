// SPDX-License-Identifier: Apache-2.0
'use strict';
const { AsyncLocalStorage } = require('node:async_hooks');
const { FORMATS, NAMESPACE, UNRESOLVED, formatLine } = require('./line.js');
const { TEXTS_MAX, mostRepeated } = require('./statements.js');

const requests = new AsyncLocalStorage();

const HEADER_CHARACTERS_MAX = 512;
const XRAY = /(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:\s*;|\s*$)/;
// version-trace-parent-flags; version ff is forbidden and zeros mean none. https://www.w3.org/TR/trace-context/
const W3C = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;

// The id as its own standard writes it, X-Ray first; null when neither header is present and well-formed.
function traceId(headers) {
  const xray = headers['x-amzn-trace-id'];
  const w3c = headers.traceparent;
  for (const [value, pattern] of [[xray, XRAY], [w3c, W3C]]) {
    if (typeof value === 'string' && value.length <= HEADER_CHARACTERS_MAX) {
      const match = pattern.exec(value.trim());
      if (match) return match[1];
    }
  }
  return null;
}

const DEFAULTS = {
  format: 'plain', log: (line) => console.log(line), external: true, skipMethods: [], skipPaths: [], slowerThanMs: 0, sample: 1,
  repeatedOver: 5, trace: true, namespace: NAMESPACE, view: null, clock: () => performance.now(), choose: Math.random,
};

function checked(given) {
  for (const name of Object.keys(given)) {
    if (!(name in DEFAULTS)) throw new TypeError(`skywatch-profiler: unknown option ${name}; known are ${Object.keys(DEFAULTS).join(', ')}`);
  }
  const options = { ...DEFAULTS, ...given };
  if (!FORMATS.includes(options.format)) {
    throw new TypeError(`skywatch-profiler: the format must be one of ${FORMATS.join(', ')}, not ${options.format}`);
  }
  for (const [name, least] of [['sample', 1], ['repeatedOver', 1], ['slowerThanMs', 0]]) {
    if (!(options[name] >= least)) throw new TypeError(`skywatch-profiler: ${name} must be at least ${least}`);
  }
  for (const name of ['skipMethods', 'skipPaths']) {
    if (!Array.isArray(options[name])) throw new TypeError(`skywatch-profiler: ${name} must be an array`);
  }
  options.skipPaths = options.skipPaths.map((pattern) => new RegExp(pattern));
  return options;
}

// The time during which at least one of several activities runs: parallel ones are counted once.
class Interval {
  running = 0;
  since = 0;
  total = 0;

  begin(now) {
    if (this.running++ === 0) this.since = now;
  }

  end(now) {
    if (--this.running === 0) this.total += now - this.since;
  }

  until(now, most) {
    return Math.min(most, this.total + (this.running > 0 ? now - this.since : 0));
  }
}

// The measures of one request.
class Measured {
  constructor(options, headers) {
    this.options = options;
    this.view = null;
    this.size = 0;
    this.queries = 0;
    this.texts = null;
    this.query = new Interval();
    this.external = new Interval();
    this.finished = false;
    this.mounts = null;
    this.trace = options.trace && options.format !== 'plain' ? traceId(headers) : null;
    this.endMs = null;
    this.startMs = options.clock();
  }

  // Begins a database query; call what is returned when it has ended.
  startQuery(text) {
    this.query.begin(this.options.clock());
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.query.end(this.options.clock());
      if (this.finished) return;
      this.queries++;
      this.texts ??= new Map();
      const count = this.texts.get(text);
      if (count !== undefined) this.texts.set(text, count + 1);
      else if (this.texts.size < TEXTS_MAX) this.texts.set(text, 1);
    };
  }

  // Begins work of another service; call what is returned when it has ended.
  startExternal() {
    this.external.begin(this.options.clock());
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.external.end(this.options.clock());
    };
  }

  // The application gives the server that many more bytes of the body, now. The duration ends with the last of them.
  handed(bytes, headOnly = false) {
    this.size += bytes;
    // The first piece sends the head, which is all that an answer to HEAD has.
    if (!headOnly || this.endMs === null) this.endMs = this.options.clock();
  }

  // Writes the line; only the first call does.
  finish(method, view, status) {
    if (this.finished) return;
    this.finished = true;
    const o = this.options;
    const now = o.clock();
    const durationMs = (this.endMs ?? now) - this.startMs;
    if (o.slowerThanMs > 0 && durationMs <= o.slowerThanMs) return;
    o.log(formatLine(o.format, {
      method, view: this.view ?? view ?? UNRESOLVED, durationMs, status,
      size: method === 'HEAD' ? 0 : this.size, // Nobody reads the body of an answer to HEAD.
      queries: this.queries, queryMs: this.query.until(now, durationMs), externalMs: this.external.until(now, durationMs),
      repeated: this.queries > o.repeatedOver ? mostRepeated(this.texts, o.repeatedOver) : 0,
      sample: o.sample, trace: this.trace, timestampMs: o.format === 'emf' ? Date.now() : 0, namespace: o.namespace,
    }));
  }
}

// The request that the running code works for, or null.
function current() {
  return requests.getStore() ?? null;
}

// Runs `work` and counts its time as that of another service.
async function external(work) {
  const end = current()?.startExternal();
  try {
    return await work();
  } finally {
    end?.();
  }
}

module.exports = { Measured, checked, current, external, requests, traceId };
