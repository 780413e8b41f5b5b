/** Whom a change concerns: how a person knows the account, and what they are told about it. */
import type { KratosIdentity, KratosSession } from '../client/bodies.ts';
import { ipOf } from '../lib/ip.ts';
import { clean, own, say, type Own, type Said } from '../lib/text.ts';
import type { Target } from '../operation.ts';
import { wholeSeconds } from '../shape/time.ts';
import { FEDERATED } from './methods.ts';

/** Credentials whose identifiers a person types to sign in. Those of totp and lookup_secret are ids, a passkey's a random handle. */
const TYPED = ['password', 'code', 'webauthn'] as const;
/** Kratos lets an address have 254 characters, and an identifier any length: longer ones nobody types. */
const LONGEST = 320;

/**
 * The identity with its label, which is also the phrase that a person types: the first login identifier (an e-mail before others), else
 * a contact address, else a provider's subject, else the id; as Kratos stores it. One that holds characters which nobody can see or
 * type is passed over. Needs the credentials that a single GET gives; identities in sessions and lists come without them.
 */
export function about(identity: KratosIdentity): Target {
  const addresses = [...identity.verifiable_addresses, ...identity.recovery_addresses].map((it) => it.value);
  const label = first(identifiers(identity, TYPED)) ?? first(addresses) ?? first(identifiers(identity, FEDERATED)) ?? identity.id;
  return { id: identity.id, label };
}

const identifiers = ({ credentials }: KratosIdentity, types: readonly string[]): readonly string[] =>
  types.flatMap((type) => credentials?.[type]?.identifiers ?? []);

/** The order of identifiers and addresses differs from answer to answer (Kratos sorts by random ids), hence the sorting. */
function first(values: readonly string[]): string | undefined {
  const typeable = values.filter(isTypeable).sort();
  return typeable.find((it) => it.includes('@')) ?? typeable[0];
}

function isTypeable(value: string): boolean {
  const seen = clean(value, LONGEST);
  return seen.text === value && value.trim() !== '' && seen.removed === 0 && seen.cut === 0;
}

/** What a person is told about the account that a change concerns, beside its label and id. */
export function describe(identity: KratosIdentity): readonly Said[] {
  const { label } = about(identity);
  const names = [...new Set([...identifiers(identity, TYPED), ...identifiers(identity, FEDERATED)])].filter((it) => it !== label).sort();
  const account = say`The account: ${stateOf(identity)}, schema ${identity.schema_id}.`;
  return names.length > 0 ? [account, say`It also signs in as ${quoteList(names)}.`] : [account];
}

/** Kratos knows two states; anything else is quoted like every word of others. */
const stateOf = ({ state = 'active' }: KratosIdentity): Own | string => (state === 'active' || state === 'inactive' ? own(state) : state);

/** Where and when a session began. Kratos keeps no time of last use. */
export function describeSession({ devices: [device], authenticated_at }: KratosSession): Own {
  const address = ipOf(device?.ip_address ?? '') ?? 'an unknown address';
  const since = wholeSeconds(authenticated_at) ?? 'an unknown time';
  return own(say`${device?.user_agent ?? 'an unknown device'} at ${address}, signed in at ${since}`);
}

/** Words of others as a list, each quoted, at most `max` of them. */
export function quoteList(values: readonly string[], max = 5): Own {
  const shown = values.slice(0, max).map((it) => say`${it}`);
  return own(values.length > max ? `${shown.join(', ')} and ${values.length - max} more` : shown.join(', '));
}
