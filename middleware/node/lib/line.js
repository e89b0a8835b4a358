// SPDX-License-Identifier: Apache-2.0
'use strict';
// The text of the line, in its four forms. The extended form keeps its measures inside the first bracket, so that
// parse @message "[*] * * * *" reads the same method, view, duration and status from both.

const FORMATS = ['plain', 'extended', 'json', 'emf'];
const UNRESOLVED = '-'; // The view of a request that no route matched: its path may be anything, so it is not written.
const NAMESPACE = 'skywatch/profiler';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);
// A route is written by the program's author and short; the bound only keeps a mistake from filling the log.
const VIEW_CHARACTERS_MAX = 200;
const METRICS = JSON.stringify([['duration', 'Milliseconds'], ['size', 'Bytes'], ['queries', 'Count'], ['query_ms', 'Milliseconds'],
  ['external_ms', 'Milliseconds'], ['faults', 'Count']].map(([Name, Unit]) => ({ Name, Unit })));

// One field of the line: blanks and control characters would shift the fields behind them, so each becomes '_'.
function word(text) {
  if (/^[!-~]{1,200}$/.test(text)) return text;
  const kept = Array.from(text).slice(0, VIEW_CHARACTERS_MAX).join('').toWellFormed?.() ?? text.slice(0, VIEW_CHARACTERS_MAX);
  return kept.replace(/[\s\p{C}\p{Z}]/gu, '_') || UNRESOLVED;
}

function methodWord(method) {
  return METHODS.has(method) ? method : '_OTHER';
}

// Milliseconds with two decimals. Half a hundredth is rounded up.
function milliseconds(ms) {
  return (Math.max(0, Math.floor(ms * 100 + 0.5)) / 100).toFixed(2);
}

// fields: method, view, durationMs, status, size, queries, queryMs, externalMs, repeated, sample, trace, timestampMs, namespace.
function formatLine(format, f) {
  const method = methodWord(f.method);
  const view = word(f.view);
  const duration = milliseconds(f.durationMs);
  if (format === 'plain') {
    return `[profiler${f.sample > 1 ? ` sample=${f.sample}` : ''}] ${method} ${view} ${duration} ${f.status}`;
  }
  const query = milliseconds(f.queryMs);
  const external = milliseconds(f.externalMs);
  if (format === 'extended') {
    let rest = '';
    if (f.repeated) rest += ` repeated=${f.repeated}`;
    if (f.sample > 1) rest += ` sample=${f.sample}`;
    if (f.trace) rest += ` trace=${f.trace}`;
    return `[profiler size=${f.size} queries=${f.queries} query_ms=${query} external_ms=${external}${rest}] ${method} ${view} ${duration} ${f.status}`;
  }
  let text = `"logger":"profiler","method":"${method}","view":${JSON.stringify(view)},"duration":${duration},"status_code":${f.status},` +
    `"size":${f.size},"queries":${f.queries},"query_ms":${query},"external_ms":${external}`;
  if (f.repeated) text += `,"repeated":${f.repeated}`;
  if (f.sample > 1) text += `,"sample":${f.sample}`;
  if (f.trace) text += `,"trace":"${f.trace}"`;
  if (format === 'json') return `{${text}}`;
  return `{"_aws":{"Timestamp":${f.timestampMs},"CloudWatchMetrics":[{"Namespace":${JSON.stringify(f.namespace)},` +
    `"Dimensions":[["method","view"]],"Metrics":${METRICS}}]},${text},"faults":${f.status >= 500 ? 1 : 0}}`;
}

module.exports = { FORMATS, NAMESPACE, UNRESOLVED, formatLine, milliseconds, word };
