// SPDX-License-Identifier: Apache-2.0
export interface SenderOptions {
  group: string;
  /** Default host name and process id. */
  stream?: string;
  /** A CloudWatchLogsClient; made from the other members when absent. */
  client?: unknown;
  intervalMs?: number;
  /** Lines waiting; more are dropped. Default 10,000. */
  queueMax?: number;
  /** How long close() tries at most. Default 5000. */
  closeMs?: number;
  endpoint?: string;
  region?: string;
  [clientOption: string]: unknown;
}

export class Sender {
  constructor(options: SenderOptions);
  readonly sent: number;
  readonly dropped: number;
  log(line: string): void;
  flush(): Promise<void>;
  close(): Promise<void>;
}
