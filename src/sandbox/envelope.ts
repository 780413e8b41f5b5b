/** Answers, and the errors that become one: Kratos' error envelope. */
import { write } from './go/json.ts';

export interface SandboxReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The members of Kratos' error object, without `request`. */
export interface ErrorBody {
  readonly id?: string | undefined;
  readonly code: number;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly details?: Readonly<Record<string, string>>;
  readonly message: string;
}

/** Thrown by a handler, turned into an answer once, in `router.ts`. */
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
/** An error of this status; the other members as its kind has them. */
export const refusal = (code: number, rest: Omit<ErrorBody, 'code' | 'status'>): Refusal =>
  new Refusal({ code, status: PHRASES[code] ?? '', ...rest });

const MALFORMED = 'The request was malformed or contained invalid parameters';
/** The usual 400: the useful half is in `reason`. */
export const badRequest = (reason: string, id?: string): Refusal => refusal(400, { id, reason, message: MALFORMED });
/** A 400 whose text is in `message`: decoding, JSON Patch, session parameters. */
export const badMessage = (message: string, reason?: string): Refusal => refusal(400, { reason, message });
/** HTTP 400 with a body that says 500: batch decoding and courier pages (`WriteErrorCode` with a plain error). */
export const mislabelled = (message: string): Refusal => new Refusal(internal(message).body, 400);
/** An error that Kratos has no type for. */
export const internal = (message: string): Refusal => refusal(500, { message });
/** The database's 404, which has no reason unless the handler adds one. */
export const unknownRow = (reason?: string): Refusal => refusal(404, { reason, message: 'Unable to locate the resource' });
export const notFound = (reason: string): Refusal => refusal(404, { reason, message: 'The requested resource could not be found' });
/** A unique constraint, on all routes but POST of one identity. */
export const taken = (): Refusal =>
  refusal(409, { message: 'Unable to insert or update resource because a resource with that value exists already' });
export const conflict = (): Refusal =>
  refusal(409, {
    reason: 'This identity conflicts with another identity that already exists.',
    message: 'The resource could not be created due to a conflict',
  });
/** What the public port answers to a POST, PUT, PATCH or DELETE that it doesn't know. */
export const csrf = (): Refusal =>
  refusal(403, {
    id: 'security_csrf_violation',
    reason:
      'Please retry the flow and optionally clear your cookies. The request was rejected to protect you from Cross-Site-Request-Forgery (CSRF) which could cause account takeover, leaking personal information, and other serious security issues.',
    details: {
      docs: 'https://www.ory.sh/kratos/docs/debug/csrf',
      hint: "We detected a regular browser or server-side call. To debug browser calls check your Browser's Network Tab to see what cookies are included or excluded. If you are calling from a server ensure that the appropriate cookies are being forwarded and that the SDK method is called correctly.",
      reject_reason: 'The HTTP Cookie Header is empty or not set.',
    },
    message: 'the request was rejected to protect you from Cross-Site-Request-Forgery',
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

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };
/** Go's temporary redirect: a GET gets a line of HTML along. */
export function moved(location: string, method: string): SandboxReply {
  if (method !== 'GET') return { status: 307, headers: { location }, text: '' };
  const href = location.replace(/[&<>"']/g, (it) => HTML[it] ?? it);
  return {
    status: 307,
    headers: { 'content-type': 'text/html; charset=utf-8', location },
    text: `<a href="${href}">Temporary Redirect</a>.\n\n`,
  };
}
