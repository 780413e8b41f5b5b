/** Answers, and the errors that become one: Kratos' error envelope. */
import { write } from './json.ts';

export interface SandboxReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The members of Kratos' error object, without `request`. */
export interface ErrorBody {
  readonly id?: string;
  readonly code: number;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly details?: Readonly<Record<string, string>>;
  readonly message: string;
}

/** Thrown by a handler, turned into an answer once, in `sandbox.ts`. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** Not always `body.code`: Kratos answers some 400s with a body that says 500. */
  readonly httpStatus: number;
  readonly body: ErrorBody;
  constructor(body: ErrorBody, httpStatus = body.code) {
    super(body.reason ?? body.message);
    this.body = body;
    this.httpStatus = httpStatus;
  }
}

const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  500: 'Internal Server Error',
};
const phrase = (code: number): string => PHRASES[code] ?? '';

const MALFORMED = 'The request was malformed or contained invalid parameters';
/** The text of a unique constraint, on all routes but POST of one identity. */
export const TAKEN = 'Unable to insert or update resource because a resource with that value exists already';

/** The usual 400: the useful half is in `reason`. */
export const badRequest = (reason: string, id?: string): Refusal =>
  new Refusal({ ...(id === undefined ? {} : { id }), code: 400, status: phrase(400), reason, message: MALFORMED });
/** A 400 whose text is in `message`: decoding, JSON Patch, session parameters. */
export const badMessage = (message: string, reason?: string): Refusal => new Refusal({ code: 400, status: phrase(400), reason, message });
/** HTTP 400 with a body that says 500: batch decoding and courier pages (`WriteErrorCode` with a plain error). */
export const mislabelled = (message: string): Refusal => new Refusal({ code: 500, status: phrase(500), message }, 400);
/** An error that Kratos has no type for. */
export const internal = (message: string): Refusal => new Refusal({ code: 500, status: phrase(500), message });
/** The database's 404, which has no reason unless the handler adds one. */
export const unknownRow = (reason?: string): Refusal =>
  new Refusal({ code: 404, status: phrase(404), reason, message: 'Unable to locate the resource' });
export const notFound = (reason: string): Refusal =>
  new Refusal({ code: 404, status: phrase(404), reason, message: 'The requested resource could not be found' });
export const taken = (): Refusal => new Refusal({ code: 409, status: phrase(409), message: TAKEN });
export const conflict = (): Refusal =>
  new Refusal({
    code: 409,
    status: phrase(409),
    reason: 'This identity conflicts with another identity that already exists.',
    message: 'The resource could not be created due to a conflict',
  });

export function errorReply(refusal: Refusal, requestId: string | undefined): SandboxReply {
  const { id, code, status, reason, details, message } = refusal.body;
  // The order of Kratos' struct; `request` only if the caller named one.
  const error = { id, code, status, request: requestId === '' ? undefined : requestId, reason, details, message };
  const headers = { 'content-type': 'application/json', 'ory-error-id': id ?? '' };
  return { status: refusal.httpStatus, headers, text: `${write({ error })}\n` };
}

export const json = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): SandboxReply => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  text: `${write(value)}\n`,
});
export const nothing = (headers: Readonly<Record<string, string>> = {}): SandboxReply => ({ status: 204, headers, text: '' });
/** Go's router speaks plain text. */
export const plain = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): SandboxReply => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...headers },
  text,
});
