/**
 * What fixtures need of the public API, served over HTTP only: password login and the recovery mail, both by their `api` flows, and whoami.
 */
import { mailWith } from './courier.ts';
import { badRequest, json, refusal, unknownRow, type SandboxReply } from './envelope.ts';
import { printFlow } from './flows.ts';
import { isObject, readFirst } from './go/json.ts';
import { first } from './go/query.ts';
import { newId, parseUuid } from './go/uuid.ts';
import type { Identity } from './identity.ts';
import { fits } from './password.ts';
import { newCode, token } from './recovery.ts';
import { badPayload, complaining, type Handler, type Route, type SandboxRequest } from './request.ts';
import { LIFESPAN, printSession } from './sessions.ts';
import type { Flow, Session, World } from './world.ts';

const begin =
  (kind: Flow['kind']): Handler =>
  (world) => {
    const flow: Flow = { id: newId(), kind, issued_at: world.now() };
    world.flows.set(flow.id, flow);
    return json(200, printFlow(world, flow, { state: 'choose_method' }));
  };
function flowOf(world: World, { query }: SandboxRequest, kind: Flow['kind']): Flow {
  const id = parseUuid(first(query, 'flow'));
  if (id === undefined) throw badRequest('The flow query parameter is missing or malformed.');
  const flow = world.flows.get(id);
  if (flow?.kind !== kind) throw unknownRow();
  return flow;
}
/** Members of the form that are texts; the others count as empty. */
function formOf({ body }: SandboxRequest): (name: string) => string {
  const form = complaining(badPayload, () => readFirst(body));
  return (name) => {
    const value = isObject(form) ? form[name] : undefined;
    return typeof value === 'string' ? value : '';
  };
}

const WRONG =
  'The provided credentials are invalid, check for spelling mistakes in your password or username, email address, or phone number.';

function login(world: World, request: SandboxRequest): SandboxReply {
  const flow = flowOf(world, request, 'login');
  const form = formOf(request);
  const typed = form('identifier');
  const identity = world.ownerOf('password', typed.trim().toLowerCase());
  const hash = identity?.credentials['password']?.config['hashed_password'];
  if (identity === undefined || typeof hash !== 'string' || !fits(form('password'), hash)) {
    return json(400, printFlow(world, flow, { state: 'choose_method', typed, message: { id: 4000006, text: WRONG, type: 'error' } }));
  }
  if (identity.state !== 'active') {
    throw refusal(401, { reason: 'This account was disabled.', details: { identity_id: identity.id }, message: 'identity is disabled' });
  }
  const session = signIn(world, identity, request);
  return json(200, {
    session_token: session.token,
    session: printSession(world, session, { identity: 'full', devices: 'full' }),
    continue_with: null,
  });
}

function signIn(world: World, identity: Identity, { remote = '', userAgent = '' }: SandboxRequest): Session {
  const now = world.now();
  const session: Session = {
    id: newId(),
    identity_id: identity.id,
    active: true,
    expires_at: now + LIFESPAN,
    created_at: now,
    methods: [{ method: 'password', aal: 'aal1' }],
    devices: [{ id: newId(), ip_address: remote, user_agent: userAgent, location: '' }],
    token: `ory_st_${token()}`,
  };
  world.sessions.set(session.id, session);
  return session;
}

function whoami(world: World, { sessionToken }: SandboxRequest): SandboxReply {
  const session = [...world.sessions.values()].find((it) => it.token !== undefined && it.token === sessionToken);
  const shown = session === undefined ? undefined : printSession(world, session, { identity: 'full', devices: 'full' });
  if (session === undefined || shown?.['active'] !== true) {
    throw refusal(401, {
      reason: 'No valid session credentials found in the request.',
      message: 'The request could not be authorized',
    });
  }
  return json(200, shown, { 'x-kratos-authenticated-identity-id': session.identity_id });
}

const SENT =
  'An email containing a recovery code has been sent to the email address you provided. If you have not received an email, check the spelling of the address and make sure to use the address you registered with.';

/** Queues a mail, for an address that is known; the answer is the same for any other. */
function recover(world: World, request: SandboxRequest): SandboxReply {
  const flow = flowOf(world, request, 'recovery');
  const typed = formOf(request)('email');
  const recipient = typed.trim().toLowerCase();
  if ([...world.identities.values()].some((it) => it.recovery_addresses.some(({ value }) => value === recipient))) {
    const mail = { type: 'email', recipient, ...mailWith(newCode(), 'recovery_code_valid') } as const;
    const id = newId();
    world.messages.set(id, { id, status: 'queued', ...mail, dispatches: [], created_at: world.now() });
  }
  return json(200, printFlow(world, flow, { state: 'sent_email', typed, message: { id: 1060003, text: SENT, type: 'info' } }));
}

export const publicRoutes: readonly Route[] = [
  { port: 'public', method: 'GET', pattern: '/self-service/login/api', handler: begin('login') },
  { port: 'public', method: 'POST', pattern: '/self-service/login', exempt: true, handler: login },
  { port: 'public', method: 'GET', pattern: '/self-service/recovery/api', handler: begin('recovery') },
  { port: 'public', method: 'POST', pattern: '/self-service/recovery', exempt: true, handler: recover },
  { port: 'public', method: 'GET', pattern: '/sessions/whoami', handler: whoami },
];
