/** Sessions, all of them and those of one identity (session/handler.go). */
import { badMessage, badRequest, json, nothing, unknownRow, type SandboxReply } from './envelope.ts';
import { all, first, type Query } from './go/query.ts';
import { DAY, stamp, type Instant } from './go/time.ts';
import { parseUuid, uuidComplaint } from './go/uuid.ts';
import { printIdentity } from './identity.ts';
import { identitySessionPage, sessionPage } from './pages.ts';
import type { SandboxRequest } from './request.ts';
import type { Session, World } from './world.ts';

/** `session.lifespan`. */
export const LIFESPAN = DAY;

interface Expand {
  readonly identity: 'no' | 'full' | 'bare' | 'bare without schema_url';
  readonly devices: 'null' | 'empty' | 'full';
}

/** The members of a session in Kratos' order. `active` knows of an inactive identity only where the identity was loaded (session.go:282). */
export function printSession(world: World, session: Session, expand: Expand): Record<string, unknown> {
  const owner = expand.identity === 'no' ? undefined : world.identities.get(session.identity_id);
  const began = stamp(session.created_at);
  const devices = { null: null, empty: [], full: session.devices }[expand.devices];
  const view = {
    schema_url: owner === undefined || expand.identity === 'bare without schema_url' ? '' : world.schemaUrl(owner.schema_id),
    within: expand.identity === 'full' ? 'session' : 'session of a list',
  } as const;
  return {
    id: session.id,
    active: session.active && session.expires_at > world.present() && (owner === undefined || owner.state === 'active'),
    expires_at: stamp(session.expires_at),
    authenticated_at: began,
    authenticator_assurance_level: session.methods.some((it) => it.aal === 'aal2') ? 'aal2' : 'aal1',
    authentication_methods: session.methods.map(({ method, aal, provider }) => ({ method, aal, completed_at: began, provider })),
    issued_at: began,
    identity: owner === undefined ? null : printIdentity(owner, view),
    devices,
  };
}

/** Throws a 400 for what is no UUID, unlike the routes of identities. */
function uuidOf(text: string): string {
  const id = parseUuid(text);
  if (id === undefined) throw badMessage(uuidComplaint(text));
  return id;
}
function sessionOf(world: World, id: string): Session {
  const session = world.sessions.get(uuidOf(id));
  if (session === undefined) throw unknownRow();
  return session;
}

function expansion(query: Query): { identity: boolean; devices: boolean } {
  const wanted = all(query, 'expand').map((it) => it.toLowerCase());
  const bad = all(query, 'expand').find((it) => !['identity', 'devices'].includes(it.toLowerCase()));
  if (bad !== undefined) throw badRequest(`Could not parse expand option: ${bad}`);
  return { identity: wanted.includes('identity'), devices: wanted.includes('devices') };
}

/** Go's ParseBool; empty = no filter. Looks at the row and the clock, not at the identity. */
function activeFilter(query: Query, now: Instant): (session: Session) => boolean {
  const given = first(query, 'active');
  if (given === '') return () => true;
  const yes = ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(given);
  const no = ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(given);
  if (!yes && !no) throw badMessage('could not parse parameter active');
  return (it) => (it.active && it.expires_at >= now) === yes;
}

export function listSessions(world: World, request: SandboxRequest<'listSessions'>): SandboxReply {
  const wanted = activeFilter(request.query, world.present());
  const expand = expansion(request.query);
  const page = sessionPage(request, world.newestSessions().filter(wanted));
  const shown = { identity: expand.identity ? 'bare' : 'no', devices: expand.devices ? 'full' : 'null' } as const;
  const items = page.items.map((it) => printSession(world, it, shown));
  return json(200, items, page.headers);
}

export function getSession(world: World, request: SandboxRequest<'getSession'>): SandboxReply {
  uuidOf(request.params.id);
  const expand = expansion(request.query);
  const session = sessionOf(world, request.params.id);
  const shown = { identity: expand.identity ? 'full' : 'no', devices: expand.devices ? 'full' : 'empty' } as const;
  return json(200, printSession(world, session, shown));
}

export function disableSession(world: World, request: SandboxRequest<'disableSession'>): SandboxReply {
  const session = sessionOf(world, request.params.id);
  world.sessions.set(session.id, { ...session, active: false });
  return nothing({ 'content-type': 'application/json; charset=utf-8' });
}

/** Also a revoked or expired one, and that of an inactive identity: only `expires_at` moves. */
export function extendSession(world: World, request: SandboxRequest<'extendSession'>): SandboxReply {
  const session = sessionOf(world, request.params.id);
  const extended = { ...session, expires_at: world.now() + LIFESPAN };
  world.sessions.set(session.id, extended);
  if (world.settings.fasterExtend) return nothing();
  return json(200, printSession(world, extended, { identity: 'full', devices: 'empty' }));
}

export function listIdentitySessions(world: World, request: SandboxRequest<'listIdentitySessions'>): SandboxReply {
  const id = uuidOf(request.params.id);
  const wanted = activeFilter(request.query, world.present());
  const page = identitySessionPage(request, world.sessionsOf(id).filter(wanted));
  const shown = { identity: 'bare without schema_url', devices: 'full' } as const;
  const items = page.items.map((it) => printSession(world, it, shown));
  return json(200, items, page.headers);
}

export function deleteIdentitySessions(world: World, request: SandboxRequest<'deleteIdentitySessions'>): SandboxReply {
  const sessions = world.sessionsOf(uuidOf(request.params.id));
  if (sessions.length === 0) throw unknownRow();
  for (const { id } of sessions) world.sessions.delete(id);
  return nothing();
}
