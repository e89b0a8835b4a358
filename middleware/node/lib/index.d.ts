// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

declare function profiler(options?: profiler.Options): (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

declare namespace profiler {
  type Format = 'plain' | 'extended' | 'json' | 'emf';
  interface Options {
    /** Default 'plain'. */
    format?: Format;
    /** Default console.log. */
    log?: (line: string) => void;
    /** Time outgoing calls in the forms that show it. Default true. */
    external?: boolean;
    skipMethods?: string[];
    /** Regular expressions; a path in which one is found writes no line. */
    skipPaths?: (string | RegExp)[];
    /** Only requests that took longer write a line. */
    slowerThanMs?: number;
    /** Write one of n requests; the line then says sample=n. */
    sample?: number;
    /** The same statement more often than this adds repeated=n. Default 5. */
    repeatedOver?: number;
    /** Write the id of an X-Ray or W3C trace. Default true. */
    trace?: boolean;
    /** Of the metrics, format 'emf'. */
    namespace?: string;
    /** Names the view of a request that was served: a route's name or template, never a path. */
    view?: (req: any) => string | null | undefined;
  }
  interface Measured {
    /** Begins a query; call what is returned when it has ended. */
    startQuery(text: string): () => void;
    /** Begins work of another service; call what is returned when it has ended. */
    startExternal(): () => void;
    view: string | null;
  }
  const FORMATS: Format[];
  const UNRESOLVED: '-';
  function wrap(handler: RequestListener, options?: Options): RequestListener;
  function current(): Measured | null;
  function external<T>(work: () => T | Promise<T>): Promise<T>;
  function setView(req: IncomingMessage, view: string): void;
  function watchPg(pg: any): void;
  function watchMysql2(mysql2: any): void;
  function watchKnex(knex: any): void;
  function watchSqlite(sqlite: any): void;
}

export = profiler;
