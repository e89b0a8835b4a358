// SPDX-License-Identifier: Apache-2.0
'use strict';
// Names the view of a request that Express routed: the templates of the mounts it passed and of the route that served it.
//
// Express tells a handler the route's template, but of the mounts above it only what they matched: req.baseUrl holds values. So
// each layer below which a request goes is remembered while the request is there.

const MARK = Symbol('skywatch-profiler');
const templates = new WeakMap(); // Layer -> Map of the number of segments -> template.

function text(pattern) {
  return typeof pattern === 'string' ? pattern : pattern instanceof RegExp ? pattern.source : '*';
}

// The template of a layer that matched `piece`, a raw path.
function template(layer, piece) {
  let known = templates.get(layer);
  if (!known) templates.set(layer, known = new Map());
  const segments = piece.split('/').length;
  let found = known.get(segments);
  if (found === undefined) {
    found = '/*';
    const matched = layer.match(piece);
    if (matched && matched.pattern !== undefined) {
      found = text(matched.pattern); // Express 5.
    } else if (layer.regexp && layer.keys) {
      // Express 4 keeps no template: put the parameters' names where its expression found their values.
      const match = new RegExp(layer.regexp.source, layer.regexp.flags + 'd').exec(piece);
      if (match) {
        found = '';
        let from = 0;
        layer.keys.forEach((key, index) => {
          const place = match.indices[index + 1];
          if (!place || place[0] < from) return;
          found += piece.slice(from, place[0]) + ':' + key.name;
          from = place[1];
        });
        found += piece.slice(from);
        if (layer.keys.length === 0) found = piece.toLowerCase(); // A constant, whose case Express ignores.
      }
    }
    known.set(segments, found);
  }
  return found;
}

// Patches the class of an application's layers, once, to keep the mounts of a request in req[MARK].
function watch(app, measuredOf) {
  const router = app && (app._router ?? app.router);
  const layer = router?.stack?.[0];
  const prototype = layer && Object.getPrototypeOf(layer);
  if (!prototype || prototype[MARK]) return;
  const name = prototype.handleRequest ? 'handleRequest' : 'handle_request';
  const original = prototype[name];
  if (typeof original !== 'function') return;
  prototype[MARK] = true;
  prototype[name] = function handle(req, res, next) {
    const measured = this.route ? null : measuredOf(req);
    if (!measured) return original.call(this, req, res, next);
    const mounts = measured.mounts ?? (measured.mounts = []);
    const above = mounts.length > 0 ? mounts[mounts.length - 1].baseUrl : '';
    if (req.baseUrl.length <= above.length) return original.call(this, req, res, next);
    const mount = { layer: this, baseUrl: req.baseUrl, piece: req.baseUrl.slice(above.length) };
    mounts.push(mount);
    return original.call(this, req, res, (...rest) => {
      // It went on to the next layer: what serves the request is not below this one.
      const at = mounts.lastIndexOf(mount);
      if (at >= 0) mounts.length = at;
      return next(...rest);
    });
  };
}

function viewOf(req, measured, status) {
  let prefix = '';
  for (const { layer, piece } of measured.mounts ?? []) {
    const part = template(layer, piece);
    prefix += part === '/' ? '' : part.replace(/\/$/, '');
  }
  if (req.route) {
    const path = Array.isArray(req.route.path) ? req.route.path.map(text).join(',') : text(req.route.path);
    return path === '/' && prefix ? prefix : prefix + path;
  }
  // Served below a mount by something without routes, such as static files.
  return prefix && status !== 404 ? prefix + '/*' : null;
}

module.exports = { viewOf, watch };
