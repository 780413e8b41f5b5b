/** Requests: as they came, with the route that they found, and their JSON. */
import type { EndpointName, PathParams } from '../client/endpoints.ts';
import { badRequest, type Refusal, type SandboxReply } from './envelope.ts';
import { loosely, type Decoder } from './go/decode.ts';
import { GoError, readFirst, type Json } from './go/json.ts';
import type { Query } from './go/query.ts';
import type { World } from './world.ts';

export interface Incoming {
  readonly port: 'admin' | 'public';
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  /** Empty if there is none. */
  readonly body: string;
  readonly contentType: string;
  readonly requestId?: string | undefined;
  /** Only requests over HTTP have these. */
  readonly userAgent?: string;
  readonly remote?: string;
  readonly sessionToken?: string | undefined;
}

export interface SandboxRequest<N extends EndpointName = EndpointName> extends Incoming {
  readonly params: PathParams<N>;
  /** Decoded. The admin port's paths always begin with `/admin` here. */
  readonly path: string;
  readonly query: Query;
  /** The query as it came, with its question mark; or empty. */
  readonly search: string;
  /** Whether something was cut off the body. */
  readonly truncated: boolean;
}

export type Handler<N extends EndpointName = EndpointName> = (
  world: World,
  request: SandboxRequest<N>,
) => SandboxReply | Promise<SandboxReply>;
export interface Route {
  readonly port: 'admin' | 'public';
  readonly method: string;
  /** `{name}` is a parameter. */
  readonly pattern: string;
  /** Whether the public port answers a method that changes something there without its check against forged requests. */
  readonly exempt?: boolean;
  readonly handler: Handler;
}

/** What the server takes of a body; the rest is cut (cmd/daemon/serve.go:187). */
export const BODY_LIMIT = 5 * 1024 * 1024;
export const TOO_LARGE = 'http: request body too large';

type Body = Pick<SandboxRequest, 'method' | 'body' | 'truncated' | 'contentType'>;

/** POST and batch PATCH of identities: the first JSON value counts. Throws `GoError`. */
export function readStream({ body, truncated }: Body): Json {
  try {
    return readFirst(body);
  } catch (error) {
    if (truncated && error instanceof GoError) throw new GoError(TOO_LARGE);
    throw error;
  }
}

/** PUT and recovery: content type and length are looked at first. Throws a `Refusal`. */
export function readForm<T>({ method, body, truncated, contentType }: Body, decoder: Decoder<T>): T | undefined {
  if (body === '') throw badRequest('Unable to decode HTTP Request Body because its HTTP Header "Content-Length" is zero.');
  if (contentType.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    throw badRequest(
      `HTTP ${method} Request used unknown HTTP Header "Content-Type: ${contentType}", only [application/json] are supported.`,
    );
  }
  if (truncated) throw badRequest(`Unable to read HTTP POST body: ${TOO_LARGE}`);
  return complaining(badPayload, () => loosely(decoder, readFirst(body)));
}

export const badPayload = (complaint: string): Refusal => badRequest(`Unable to decode JSON payload: ${complaint}`);
/** Reads; Go's complaint becomes the refusal that this route makes of it. */
export function complaining<T>(refusal: (complaint: string) => Refusal, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof GoError) throw refusal(error.message);
    throw error;
  }
}
