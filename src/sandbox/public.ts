/**
 * What fixtures need of the public API, served over HTTP only: password login and the recovery mail, both by their `api` flows, and whoami.
 */
import { badRequest, json, Refusal, unknownRow, type SandboxReply } from './envelope.ts';
import { printFlow } from './flows.ts';
import type { Identity } from './identity.ts';
import { readFirst } from './json-read.ts';
import { isObject, type Json } from './json.ts';
import { recoveryMail } from './letters.ts';
import { first } from './query.ts';
import { newCode, token } from './recovery.ts';
import { formError } from './request.ts';
import type { Exchange, Route } from './exchange.ts';
import { LIFESPAN, printSession } from './sessions.ts';
import { HOUR } from './time.ts';
import { newId, parseUuid } from './uuid.ts';
import type { Flow, Session, World } from './world.ts';

function begin(world: World, kind: Flow['kind']): SandboxReply {
  const now = world.now();
  const flow: Flow = { id: newId(), kind, issued_at: now, expires_at: now + HOUR };
  world.flows.set(flow.id, flow);
  return json(200, printFlow(world, flow, { state: 'choose_method' }));
}

function flowOf(world: World, { query }: Exchange, kind: Flow['kind']): Flow {
  const id = parseUuid(first(query, 'flow'));
  if (id === undefined) throw badRequest('The flow query parameter is missing or malformed.');
  const flow = world.flows.get(id);
  if (flow?.kind !== kind) throw unknownRow();
  return flow;
}
const textOf = (body: Json, name: string): string => {
  const value = isObject(body) ? body[name] : undefined;
  return typeof value === 'string' ? value : '';
};

const WRONG =
  'The provided credentials are invalid, check for spelling mistakes in your password or username, email address, or phone number.';

function login(world: World, exchange: Exchange): SandboxReply {
  const flow = flowOf(world, exchange, 'login');
  const body = formError(() => readFirst(exchange.incoming.body));
  const identifier = textOf(body, 'identifier');
  const identity = world.ownerOf('password', identifier.trim().toLowerCase());
  const hash = identity?.credentials['password']?.config['hashed_password'];
  if (identity === undefined || typeof hash !== 'string' || !world.verify(textOf(body, 'password'), hash)) {
    const message = { id: 4000006, text: WRONG, type: 'error' } as const;
    return json(400, printFlow(world, flow, { state: 'choose_method', typed: identifier, message }));
  }
  if (identity.state !== 'active') throw disabled(identity);
  const session = signIn(world, identity, exchange);
  return json(200, {
    session_token: session.token,
    session: printSession(world, session, { identity: 'full', devices: 'full' }),
    continue_with: null,
  });
}

function disabled({ id }: Identity): Refusal {
  const reason = 'This account was disabled.';
  return new Refusal({ code: 401, status: 'Unauthorized', reason, details: { identity_id: id }, message: 'identity is disabled' });
}

function signIn(world: World, identity: Identity, { incoming }: Exchange): Session {
  const now = world.now();
  const device = { id: newId(), ip_address: incoming.remote ?? '', user_agent: incoming.userAgent ?? '', location: '' };
  const session: Session = {
    id: newId(),
    identity_id: identity.id,
    active: true,
    expires_at: now + LIFESPAN,
    authenticated_at: now,
    issued_at: now,
    created_at: now,
    authenticator_assurance_level: 'aal1',
    authentication_methods: [{ method: 'password', aal: 'aal1', completed_at: now }],
    devices: [device],
    token: `ory_st_${token()}`,
  };
  world.sessions.set(session.id, session);
  return session;
}

function whoami(world: World, { incoming }: Exchange): SandboxReply {
  const session = [...world.sessions.values()].find((it) => it.token !== undefined && it.token === incoming.sessionToken);
  const shown = session === undefined ? undefined : printSession(world, session, { identity: 'full', devices: 'full' });
  if (session === undefined || shown?.['active'] !== true) {
    throw new Refusal({
      code: 401,
      status: 'Unauthorized',
      reason: 'No valid session credentials found in the request.',
      message: 'The request could not be authorized',
    });
  }
  return json(200, shown, { 'x-kratos-authenticated-identity-id': session.identity_id });
}

const SENT =
  'An email containing a recovery code has been sent to the email address you provided. If you have not received an email, check the spelling of the address and make sure to use the address you registered with.';

/** Queues a mail, for an address that is known; the answer is the same for any other. */
function recover(world: World, exchange: Exchange): SandboxReply {
  const flow = flowOf(world, exchange, 'recovery');
  const email = textOf(
    formError(() => readFirst(exchange.incoming.body)),
    'email',
  );
  const known = email.trim().toLowerCase();
  const isKnown = [...world.identities.values()].some((it) => it.recovery_addresses.some((address) => address.value === known));
  if (isKnown) queue(world, known);
  const message = { id: 1060003, text: SENT, type: 'info' } as const;
  return json(200, printFlow(world, flow, { state: 'sent_email', typed: email, message }));
}
function queue(world: World, recipient: string): void {
  const now = world.now();
  const id = newId();
  world.messages.set(id, {
    id,
    status: 'queued',
    type: 'email',
    recipient,
    ...recoveryMail(newCode()),
    template_type: 'recovery_code_valid',
    send_count: 0,
    dispatches: [],
    created_at: now,
    updated_at: now,
  });
}

export const publicRoutes: readonly Route[] = [
  { port: 'public', method: 'GET', pattern: '/self-service/login/api', answer: (world) => begin(world, 'login') },
  { port: 'public', method: 'POST', pattern: '/self-service/login', exempt: true, answer: login },
  { port: 'public', method: 'GET', pattern: '/self-service/recovery/api', answer: (world) => begin(world, 'recovery') },
  { port: 'public', method: 'POST', pattern: '/self-service/recovery', exempt: true, answer: recover },
  { port: 'public', method: 'GET', pattern: '/sessions/whoami', answer: whoami },
];
