/** What goes over the wire, as values: the typed call above it and the two ways to send below it meet here. */
import type { EndpointName, PathParams } from './endpoints.ts';

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface CallInit {
  /** `undefined` is left out, an array repeats the key; an empty string is refused: to Kratos it means "no filter". */
  readonly query?: Query;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export interface Reply {
  readonly status: number;
  /** Parsed JSON, `undefined` where there is none. Numbers that a double can't carry are `ExactNumber`s. */
  readonly body: unknown;
  /** The `page_token` of the `Link` header's `rel="next"`, which is data and never followed. */
  readonly next?: string;
  /** `X-Total-Count`, on the routes that send it. */
  readonly total?: number;
}

/** The typed call, limited to some endpoints. */
export type Kratos<Allowed extends EndpointName> = <N extends Allowed>(name: N, params: PathParams<N>, init?: CallInit) => Promise<Reply>;

export interface WireRequest {
  readonly endpoint: EndpointName;
  readonly port: 'admin' | 'public';
  readonly method: string;
  /** Path and query, as they go over the wire; a configured base path is put before it by the sender. */
  readonly path: string;
  /** JSON text. */
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface WireReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Sends one request once. The network (`transport.ts`) and the sandbox are the two implementations. Throws `Unsent` or `Ambiguous`. */
export type Send = (request: WireRequest) => Promise<WireReply>;
