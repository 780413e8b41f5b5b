/** Recovery codes and links that an administrator makes (selfservice/strategy/{code,link}). */
import { randomBytes, randomInt } from 'node:crypto';
import { badRequest, notFound, unknownRow, type SandboxReply } from './envelope.ts';
import { struct, text, uuid } from './go/decode.ts';
import { writeUnescaped } from './go/json.ts';
import { first, type Query } from './go/query.ts';
import { HOUR, parseDuration, printDuration, stamp } from './go/time.ts';
import { newId } from './go/uuid.ts';
import { readForm, type SandboxRequest } from './request.ts';
import type { World } from './world.ts';

const shape = { identity_id: uuid, expires_in: text, flow_type: text };
const bodies = {
  code: struct('code.createRecoveryCodeForIdentityBody', shape),
  link: struct('link.createRecoveryLinkForIdentityBody', shape),
};
const DISABLED =
  'This endpoint was disabled by system administrator. Please check your url or contact the system administrator to enable it.';

/** The flows' page of the application, and what `return_to` may begin with besides Kratos' own self-service pages. */
const APPLICATION = 'http://127.0.0.1:4455';

function read(world: World, request: SandboxRequest, kind: 'code' | 'link') {
  if (!world.settings.recovery[kind]) throw notFound(DISABLED);
  const given = readForm(request, bodies[kind]) ?? {};
  const expiresIn = lifespan(given.expires_in ?? '', kind);
  if (kind === 'code' && given.flow_type !== undefined && !['browser', 'api'].includes(given.flow_type)) {
    throw badRequest(`Value from "flow_type" is not valid: ${JSON.stringify(given.flow_type)}`);
  }
  checkReturnTo(world, request.query);
  return { identity: world.identities.get(given.identity_id ?? ''), expires_at: stamp(world.now() + expiresIn) };
}

/** In microseconds. */
function lifespan(text: string, kind: 'code' | 'link'): number {
  if (text === '') return HOUR;
  const nanos = parseDuration(text);
  if (nanos === undefined) {
    throw badRequest(`Unable to parse "expires_in" whose format should match "[0-9]+(ns|us|ms|s|m|h)" but did not: ${text}`);
  }
  if (nanos > 0) return nanos / 1000;
  throw badRequest(
    kind === 'code'
      ? `Value from "expires_in" must result to a future time: ${printDuration(nanos)}`
      : `Value from "expires_in" must be result to a future time: ${text}`,
  );
}

function checkReturnTo(world: World, query: Query): void {
  const to = first(query, 'return_to');
  const wrong = urlComplaint(to);
  if (wrong !== undefined) {
    throw badRequest(`Unable to parse the return_to query parameter as an URL: parse ${JSON.stringify(to)}: ${wrong}`);
  }
  // Relative ones are the application's own, if they begin with a slash.
  if (/^(?:\/(?!\/)|[?#]|$)/.test(to)) return;
  const meant = to.startsWith('//') ? `http:${to}` : SCHEME.test(to) ? to : `${APPLICATION}/${to}`;
  const allowed = [APPLICATION, `${world.settings.publicUrl}/self-service`];
  if (SCHEME.test(to) && allowed.some((it) => isBelow(to, it))) return;
  throw badRequest(`Requested return_to URL ${JSON.stringify(meant)} is not allowed.`, 'self_service_flow_return_to_forbidden');
}

const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
/** The same host, and a path that begins alike. */
function isBelow(text: string, base: string): boolean {
  if (!URL.canParse(text)) return false;
  const [url, allowed] = [new URL(text), new URL(base)];
  return url.origin === allowed.origin && (allowed.pathname === '/' || url.pathname.startsWith(allowed.pathname));
}
/** Go's commonest words for what is no URL. */
function urlComplaint(text: string): string | undefined {
  if (text.startsWith(':')) return 'missing protocol scheme';
  if (!SCHEME.test(text) && /^[^/?#]*:/.test(text)) return 'first path segment in URL cannot contain colon';
  const port = /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]*?(:[^:/?#\]]*)(?:[/?#]|$)/i.exec(text)?.[1];
  return port === undefined || /^:\d*$/.test(port) ? undefined : `invalid port ${JSON.stringify(port)} after host`;
}

const secret = (status: number, value: unknown): SandboxReply => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  text: `${writeUnescaped(value)}\n`,
});

export function createRecoveryCode(world: World, request: SandboxRequest<'createRecoveryCode'>): SandboxReply {
  const { identity, expires_at } = read(world, request, 'code');
  if (identity === undefined) throw unknownRow('could not find identity');
  const recovery_code = newCode();
  return secret(201, { recovery_link: `${APPLICATION}/recovery?flow=${newId()}`, recovery_code, expires_at });
}

export function createRecoveryLink(world: World, request: SandboxRequest<'createRecoveryLink'>): SandboxReply {
  const { identity, expires_at } = read(world, request, 'link');
  if (identity === undefined) throw badRequest('The requested identity id does not exist.');
  const recovery_link = `${world.settings.publicUrl}/self-service/recovery?flow=${newId()}&token=${token()}`;
  return secret(200, { recovery_link, expires_at });
}

/** Six digits, zeros in front. */
export const newCode = (): string => String(randomInt(1_000_000)).padStart(6, '0');

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** 32 letters and digits. */
export const token = (): string => Array.from(randomBytes(32), (it) => ALPHABET.charAt(it % ALPHABET.length)).join('');
