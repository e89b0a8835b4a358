// SPDX-License-Identifier: Apache-2.0
'use strict';
// app.use(profiler({ format: 'extended' })) in Express, http.createServer(profiler.wrap(handler, { view })) without it.
const { Measured, checked, current, external, requests } = require('./measure.js');
const { FORMATS, UNRESOLVED, formatLine } = require('./line.js');
const { watchOutgoing } = require('./outgoing.js');
const { viewOf, watch } = require('./routes.js');
const databases = require('./databases.js');

// What a client that went away leaves behind, as nginx writes it: neither an answer of ours nor a fault.
const CLIENT_CLOSED = 499;
const MEASURED = Symbol('skywatch-profiler.measured');

const measuredOf = (req) => req[MEASURED];

function bytesOf(chunk, encoding) {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, typeof encoding === 'string' ? encoding : 'utf8');
  return chunk?.byteLength ?? 0;
}

// Measures a response; `view(status)` names it when it is done.
function observe(measured, req, res, view) {
  const { write, end } = res;
  res.write = function (chunk, encoding, callback) {
    measured.handed(bytesOf(chunk, encoding), req.method === 'HEAD');
    return write.call(this, chunk, encoding, callback);
  };
  res.end = function (chunk, encoding, callback) {
    measured.handed(typeof chunk === 'function' || chunk === null || chunk === undefined ? 0 : bytesOf(chunk, encoding), req.method === 'HEAD');
    return end.call(this, chunk, encoding, callback);
  };
  // 'close' follows the end of every response, and comes alone when the client left.
  res.once('close', () => {
    const status = res.writableEnded || res.headersSent ? res.statusCode : CLIENT_CLOSED;
    measured.finish(req.method, view(status), status);
  });
}

function begin(options, req) {
  if (req[MEASURED]) return null; // Another one outside measures already.
  if (options.skipMethods.includes(req.method)) return null;
  if (options.skipPaths.length > 0) {
    const path = (req.originalUrl ?? req.url).split('?', 1)[0];
    if (options.skipPaths.some((pattern) => pattern.test(path))) return null;
  }
  if (options.sample > 1 && options.choose() * options.sample >= 1) return null;
  const measured = new Measured(options, req.headers);
  req[MEASURED] = measured;
  return measured;
}

function prepared(given) {
  const options = checked(given);
  if (options.external && options.format !== 'plain') watchOutgoing();
  return options;
}

// Middleware for Express 4 and 5, the first of the application.
function profiler(given = {}) {
  const options = prepared(given);
  return function skywatchProfiler(req, res, next) {
    const measured = begin(options, req);
    if (!measured) return next();
    watch(req.app, measuredOf);
    observe(measured, req, res, (status) => (options.view ? options.view(req) : viewOf(req, measured, status)));
    return requests.run(measured, next);
  };
}

// A handler for http.createServer. options.view(req) names the view: a route's name or template, never a path.
function wrap(handler, given = {}) {
  const options = prepared(given);
  return function (req, res) {
    const measured = begin(options, req);
    if (!measured) return handler.call(this, req, res);
    observe(measured, req, res, () => (options.view ? options.view(req) : null));
    return requests.run(measured, () => handler.call(this, req, res));
  };
}

// Names the view of a request from inside its handler.
function setView(req, view) {
  if (req[MEASURED]) req[MEASURED].view = view;
}

module.exports = Object.assign(profiler, { FORMATS, UNRESOLVED, current, external, formatLine, profiler, setView, wrap, ...databases });
