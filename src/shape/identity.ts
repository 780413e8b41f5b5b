/** An identity as results show it: by allow-list, short by default. Pure. */
import { z } from 'zod';
import type { KratosIdentity } from '../client/bodies.ts';
import { InputError } from '../errors.ts';
import { credentialFacts } from './credentials.ts';
import { names, pick } from './fields.ts';
import { isObject, present } from './present.ts';
import { wholeSeconds } from './time.ts';

/** Few members are typed: the schema goes into every listing of the tools. */
export const IdentityOut = z.looseObject({
  id: z.string(),
  schema_id: z.string().optional(),
  state: z.string().optional(),
  traits: z.unknown().optional(),
  created_at: z.string().optional(),
  updated_at: z.string().optional(),
});

export interface IdentityViewOptions {
  readonly view: 'summary' | 'full';
  /** Names, top-level or dotted, to keep of the full view; `id` is always kept. Empty is like none. */
  readonly fields?: readonly string[] | undefined;
  /** The credential types that the call asked for (`include_credential`): only their configs yield facts. */
  readonly include?: readonly string[] | undefined;
}

/** Everything that `fields` may name. The dotted ones lead into the members that have some. */
const KNOWN = [
  'id',
  'external_id',
  'schema_id',
  'schema_url',
  'state',
  'state_changed_at',
  'traits',
  'verifiable_addresses',
  'recovery_addresses',
  'metadata_public',
  'metadata_admin',
  'organization_id',
  'credentials',
  'created_at',
  'updated_at',
] as const;
const NESTED: ReadonlySet<string> = new Set([
  'traits',
  'verifiable_addresses',
  'recovery_addresses',
  'metadata_public',
  'metadata_admin',
  'credentials',
]);

/**
 * What leaves of an identity. Null and absent members are left out. `metadata_admin` leaves only where `fields` names it or a path in it;
 * the full view without it names its keys. Credentials: in the full view, and in a summary those that `include` names.
 */
export function identityView(identity: KratosIdentity, { view, fields = [], include = [] }: IdentityViewOptions): Record<string, unknown> {
  fields.forEach(check);
  if (fields.length === 0) return view === 'full' ? full(identity, include) : summary(identity, include);
  const admin = names(fields, 'metadata_admin') ? { metadata_admin: identity.metadata_admin } : {};
  const kept = pick({ ...full(identity, include), ...present(admin) }, ['id', ...fields]);
  return { id: identity.id, ...(isObject(kept) ? kept : {}) };
}

/** Throws `InputError` for a name that no identity has. Below traits and metadata any path may be named: what is not there is not shown. */
function check(field: string): void {
  const [top = '', ...rest] = field.split('.');
  const known: readonly string[] = KNOWN;
  if (known.includes(top) && (rest.length === 0 || (NESTED.has(top) && !rest.includes('')))) return;
  throw new InputError(
    `\`fields\` holds a name that no identity has. Known are ${KNOWN.join(', ')}; paths such as traits.email too.`,
    field,
  );
}

function summary(identity: KratosIdentity, include: readonly string[]): Record<string, unknown> {
  const { verifiable_addresses: addresses, credentials, created_at, updated_at } = identity;
  const asked = Object.entries(credentials ?? {}).filter(([type]) => include.includes(type));
  return present({
    id: identity.id,
    external_id: identity.external_id,
    schema_id: identity.schema_id,
    state: identity.state,
    traits: identity.traits,
    verifiable_addresses: some(addresses.map((it) => `${it.value} (${it.verified ? 'verified' : 'unverified'})`)),
    organization_id: identity.organization_id,
    credentials: asked.length > 0 ? credentialFacts(Object.fromEntries(asked), include) : undefined,
    created_at: wholeSeconds(created_at),
    updated_at: wholeSeconds(updated_at),
  });
}

function full(identity: KratosIdentity, include: readonly string[]): Record<string, unknown> {
  const { verifiable_addresses, recovery_addresses, metadata_admin } = identity;
  return present({
    id: identity.id,
    external_id: identity.external_id,
    schema_id: identity.schema_id,
    schema_url: identity.schema_url === '' ? undefined : identity.schema_url, // Kratos: "" in identities within lists of sessions
    state: identity.state,
    state_changed_at: wholeSeconds(identity.state_changed_at),
    traits: identity.traits,
    verifiable_addresses: some(
      verifiable_addresses.map((it) =>
        present({ ...address(it), verified: it.verified, status: it.status, verified_at: wholeSeconds(it.verified_at), ...times(it) }),
      ),
    ),
    recovery_addresses: some(recovery_addresses.map((it) => present({ ...address(it), ...times(it) }))),
    metadata_public: identity.metadata_public,
    metadata_admin_keys: isObject(metadata_admin) ? some(Object.keys(metadata_admin)) : undefined,
    organization_id: identity.organization_id,
    credentials: credentialFacts(identity.credentials, include),
    created_at: wholeSeconds(identity.created_at),
    updated_at: wholeSeconds(identity.updated_at),
  });
}

type Address = KratosIdentity['recovery_addresses'][number];
const address = ({ id, value, via }: Address) => ({ id, value, via });
const times = (it: Address) => ({ created_at: timeIn(it['created_at']), updated_at: timeIn(it['updated_at']) });
const timeIn = (value: unknown) => (typeof value === 'string' ? wholeSeconds(value) : undefined);
const some = <T>(list: readonly T[]) => (list.length > 0 ? list : undefined);
