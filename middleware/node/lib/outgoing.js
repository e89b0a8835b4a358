// SPDX-License-Identifier: Apache-2.0
'use strict';
// Counts outgoing calls through node:http, node:https and fetch, by the diagnostics channels that Node publishes them on.
const channels = require('node:diagnostics_channel');
const { current } = require('./measure.js');

let watching = false;

function watchOutgoing() {
  if (watching) return;
  watching = true;
  channels.subscribe('http.client.request.start', ({ request }) => {
    const measured = current();
    // 'close' comes when the answer was read to its end, or when there will be none.
    if (measured) request.once('close', measured.startExternal());
  });
  const running = new WeakMap(); // fetch's request -> what ends it.
  channels.subscribe('undici:request:create', ({ request }) => {
    const measured = current();
    if (measured) running.set(request, measured.startExternal());
  });
  for (const name of ['undici:request:trailers', 'undici:request:error']) {
    channels.subscribe(name, ({ request }) => {
      running.get(request)?.();
      running.delete(request);
    });
  }
}

module.exports = { watchOutgoing };
