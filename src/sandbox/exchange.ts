/** A request as it came, and a route that may answer it. */
import type { SandboxReply } from './envelope.ts';
import type { Query } from './query.ts';
import type { World } from './world.ts';

export interface Incoming {
  readonly port: 'admin' | 'public';
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly body: string;
  readonly contentType: string;
  readonly requestId?: string | undefined;
  /** Only requests over HTTP have these. */
  readonly userAgent?: string;
  readonly remote?: string;
  readonly sessionToken?: string | undefined;
}
/** A request with its route's parameters. */
export interface Exchange {
  readonly incoming: Incoming;
  readonly params: Readonly<Record<string, string>>;
  /** The admin port's paths always begin with `/admin` here. */
  readonly path: string;
  readonly query: Query;
  /** The query as it came, with its question mark; or empty. */
  readonly search: string;
}
export interface Route {
  readonly port: 'admin' | 'public';
  readonly method: string;
  /** `{name}` is a parameter. */
  readonly pattern: string;
  /** Whether the public port answers a method that changes something there without its check against forged requests. */
  readonly exempt?: true;
  readonly answer: (world: World, exchange: Exchange) => SandboxReply | Promise<SandboxReply>;
}
