// SPDX-License-Identifier: Apache-2.0
'use strict';
// Sends lines to CloudWatch Logs, or to skywatch, with @aws-sdk/client-cloudwatch-logs. A line costs the request one append to a
// bounded queue; batches leave from a timer. When the queue is full, lines are dropped and counted, never waited for.
const os = require('node:os');
const path = require('node:path');

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const EVENTS_MAX = 10_000;
const BATCH_BYTES_MAX = 1_048_576;
const EVENT_OVERHEAD_BYTES = 26;
const EVENT_BYTES_MAX = 262_144 - EVENT_OVERHEAD_BYTES;
const SPAN_MS_MAX = 24 * 3600 * 1000;

const BACKOFF_MAX_MS = 30_000;
const COMPLAINT_PAUSE_MS = 60_000;
// Sending the same again cannot succeed.
const HOPELESS = new Set(['InvalidParameterException', 'SerializationException', 'ValidationException']);

const SDK = '@aws-sdk/client-cloudwatch-logs';

// `npm install /a/folder` makes a link, and behind a link Node.js does not look into the application's packages: we do.
function loadSdk() {
  const application = process.argv[1] ? path.dirname(process.argv[1]) : process.cwd();
  return require(require.resolve(SDK, { paths: [__dirname, application, process.cwd()] }));
}

function cut(text) {
  if (text.length * 3 <= EVENT_BYTES_MAX) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= EVENT_BYTES_MAX) return text;
  let end = EVENT_BYTES_MAX;
  while ((bytes[end] & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

class Sender {
  constructor({ group, stream = `${os.hostname()}-${process.pid}`, client = null, intervalMs = 1000, queueMax = 10_000, closeMs = 5000,
    backoffMs = 500, complain = (text) => console.error(text), ...clientOptions }) {
    if (!group) throw new TypeError('skywatch-profiler: the sender needs a group');
    // Only those who send need the SDK.
    this.sdk = loadSdk();
    this.client = client ?? new this.sdk.CloudWatchLogsClient(clientOptions);
    Object.assign(this, { group, stream, intervalMs, queueMax, closeMs, backoffMs, complain });
    this.sent = 0;
    this.dropped = 0;
    this.queue = [];
    this.sending = null; // The promise of the batches on their way.
    this.closed = false;
    this.giveUp = null;
    this.abort = new AbortController();
    this.nextComplaint = 0;
    this.timer = null;
    this.log = this.log.bind(this);
    // A program whose work is done ends when nothing is left to wait for; what is queued is then sent first.
    this.beforeExit = () => {
      if (this.queue.length > 0) this.flush();
    };
    process.on('beforeExit', this.beforeExit);
  }

  // Queues a line with the time of now.
  log(line) {
    if (this.closed || this.queue.length >= this.queueMax || line === '') { // The service takes no empty event.
      this.dropped++;
      return;
    }
    this.queue.push({ timestamp: Date.now(), message: line });
    if (this.queue.length >= EVENTS_MAX) this.flush();
    else if (!this.timer && !this.sending) {
      this.timer = setTimeout(() => this.flush(), this.intervalMs);
      this.timer.unref(); // A program that is done does not wait for it.
    }
  }

  // Sends what is queued; the promise is fulfilled when it was stored or given up.
  flush() {
    clearTimeout(this.timer);
    this.timer = null;
    this.sending ??= this.sendAll().finally(() => {
      this.sending = null;
      if (this.queue.length > 0 && !this.closed) this.flush();
    });
    return this.sending;
  }

  async sendAll() {
    while (this.queue.length > 0) {
      const batch = this.take();
      const stored = await this.deliver(batch);
      this.sent += stored;
      this.dropped += batch.length - stored;
    }
  }

  // Sends what is queued, for closeMs at most, and stops. Call it when the server has stopped.
  async close() {
    if (this.closed) return;
    this.closed = true;
    process.off('beforeExit', this.beforeExit);
    const timer = setTimeout(() => {
      this.abort.abort();
      this.giveUp?.();
    }, this.closeMs);
    await this.flush();
    clearTimeout(timer);
    this.client.destroy?.();
  }

  // Removes what fits into one call, oldest first.
  take() {
    let bytes = 0;
    let count = 0;
    let low = Infinity;
    let high = -Infinity;
    for (const event of this.queue) {
      event.message = cut(event.message);
      bytes += Buffer.byteLength(event.message) + EVENT_OVERHEAD_BYTES;
      const first = Math.min(low, event.timestamp);
      const last = Math.max(high, event.timestamp);
      if (count === EVENTS_MAX || (count > 0 && (bytes > BATCH_BYTES_MAX || last - first >= SPAN_MS_MAX))) break;
      [low, high] = [first, last];
      count++;
    }
    return this.queue.splice(0, count).sort((a, b) => a.timestamp - b.timestamp);
  }

  // Tries until the service answered for good or the sender stops. Returns how many lines were stored.
  async deliver(batch) {
    for (let pause = this.backoffMs; ; pause = Math.min(2 * pause, BACKOFF_MAX_MS)) {
      if (this.abort.signal.aborted) return 0;
      try {
        const { rejectedLogEventsInfo: rejected } = await this.put(batch);
        if (!rejected) return batch.length;
        const old = Math.max(rejected.tooOldLogEventEndIndex ?? 0, rejected.expiredLogEventEndIndex ?? 0);
        const count = old + batch.length - (rejected.tooNewLogEventStartIndex ?? batch.length);
        this.mention(`the service refused ${count} lines`);
        return batch.length - count;
      } catch (error) {
        this.mention(`cannot send to ${this.group}/${this.stream}: ${error.message}`);
        if (HOPELESS.has(error.name)) return 0;
      }
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, pause * (0.5 + Math.random() / 2));
        this.giveUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.giveUp = null;
    }
  }

  async put(batch) {
    const names = { logGroupName: this.group, logStreamName: this.stream };
    const { PutLogEventsCommand, CreateLogGroupCommand, CreateLogStreamCommand } = this.sdk;
    const options = { abortSignal: this.abort.signal };
    const send = () => this.client.send(new PutLogEventsCommand({ ...names, logEvents: batch }), options);
    try {
      return await send();
    } catch (error) {
      if (error.name !== 'ResourceNotFoundException') throw error;
    }
    for (const command of [new CreateLogGroupCommand({ logGroupName: this.group }), new CreateLogStreamCommand(names)]) {
      try {
        await this.client.send(command, options);
      } catch (error) {
        if (error.name !== 'ResourceAlreadyExistsException') throw error;
      }
    }
    return send();
  }

  mention(text) {
    const now = Date.now();
    if (now < this.nextComplaint) return;
    this.nextComplaint = now + COMPLAINT_PAUSE_MS;
    this.complain(`skywatch-profiler: ${text}; ${this.dropped} dropped so far`);
  }
}

module.exports = { BATCH_BYTES_MAX, EVENTS_MAX, EVENT_BYTES_MAX, EVENT_OVERHEAD_BYTES, SPAN_MS_MAX, Sender };
