/** A request that found its route. */
import type { EndpointName, PathParams } from '../client/endpoints.ts';
import { badMessage, badRequest } from './envelope.ts';
import { GoError, readFirst } from './json-read.ts';
import type { Json } from './json.ts';
import type { Asked } from './pages.ts';

/** What the server takes of a body; the rest is cut (cmd/daemon/serve.go:187). */
export const BODY_LIMIT = 5 * 1024 * 1024;
export const TOO_LARGE = 'http: request body too large';

export interface SandboxRequest<N extends EndpointName = EndpointName> extends Asked {
  readonly params: PathParams<N>;
  /** At most `BODY_LIMIT` bytes of it; empty if there is none. */
  readonly body: string;
  readonly truncated: boolean;
  readonly contentType: string;
}
type Body = Pick<SandboxRequest, 'body' | 'truncated' | 'contentType'>;

/** POST and batch PATCH of identities: the first JSON value counts. Throws `GoError`. */
export function readStream(request: Body): Json {
  try {
    return readFirst(request.body);
  } catch (error) {
    if (request.truncated && error instanceof GoError) throw new GoError(TOO_LARGE);
    throw error;
  }
}

/** PUT and recovery: content type and length are looked at first. Throws a `Refusal`. */
export function readForm(request: Body, method: string): Json {
  const type = request.contentType.split(';')[0]?.trim() ?? '';
  if (request.body === '') throw badRequest('Unable to decode HTTP Request Body because its HTTP Header "Content-Length" is zero.');
  if (type.toLowerCase() !== 'application/json') {
    throw badRequest(
      `HTTP ${method} Request used unknown HTTP Header "Content-Type: ${request.contentType}", only [application/json] are supported.`,
    );
  }
  if (request.truncated) throw badRequest(`Unable to read HTTP POST body: ${TOO_LARGE}`);
  return formError(() => readFirst(request.body));
}

/** Runs a decoder; Go's complaint becomes the reason that PUT and recovery give. */
export function formError<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof GoError) throw badRequest(`Unable to decode JSON payload: ${error.message}`);
    throw error;
  }
}
/** Runs a decoder; Go's complaint becomes the message, as on POST. */
export function messageError<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof GoError) throw badMessage(error.message);
    throw error;
  }
}
