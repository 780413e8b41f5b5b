/** Value by value, what a call makes different and what each of that alone would count as; and which link of a takeover it is. Pure. */
import type { ChainLink, Difference } from '../operation.ts';
import { contentsOf } from './difference.ts';
import { effectsOfChange, isProven, touchesContact, type Comparison } from './effects.ts';
import type { Credentials, NewIdentity } from './identity-input.ts';
import { copy } from './json-value.ts';
import { FEDERATED } from './methods.ts';

/** In the place of what goes to Kratos and is shown to nobody. */
export const HIDDEN = '(hidden)';

/** A value that counts as two things is there twice, once for each. */
export const differencesOf = (comparison: Omit<Comparison, 'credentials'>, credentials: Credentials | undefined): readonly Difference[] => [
  ...comparison.changes.flatMap((it) => effectsOfChange(it, comparison).map((effect): Difference => ({ ...it, effect }))),
  ...credentialDifferences(credentials),
];

/** Which types, never what is in them. */
const credentialDifferences = (credentials: Credentials = {}): readonly Difference[] =>
  Object.entries(credentials)
    .filter(([, it]) => it !== undefined)
    .map(([type]) => ({ path: ['credentials', type], before: undefined, after: HIDDEN, effect: 'takeover' }));

/** All that a creation says. */
export function creationDifferences(input: NewIdentity, defaultSchemaId: string): readonly Difference[] {
  const { schema_id, state, traits, metadata_public, metadata_admin, organization_id, external_id, credentials } = input;
  const contents = contentsOf({
    ...(schema_id === undefined ? {} : { schema_id }),
    ...(state === undefined ? {} : { state }),
    traits: copy(traits),
    metadata_public: copy(metadata_public),
    metadata_admin: copy(metadata_admin),
    external_id: copy(external_id),
    organization_id: copy(organization_id),
  });
  return [
    ...contents.map((it): Difference => ({ ...it, effect: isPrivilege(it.path, input, defaultSchemaId) ? 'privilege' : 'write' })),
    ...addressDifferences(input),
    ...credentialDifferences(credentials),
  ];
}

function isPrivilege([facet = '']: readonly string[], { schema_id }: NewIdentity, defaultSchemaId: string): boolean {
  if (facet === 'schema_id') return schema_id !== defaultSchemaId;
  return facet !== 'traits' && facet !== 'state';
}

function addressDifferences({ verifiable_addresses = [], recovery_addresses = [] }: NewIdentity): readonly Difference[] {
  return [
    ...verifiable_addresses.flatMap((it, index) =>
      membersOf(it, ['verifiable_addresses', String(index)], isProven(it) ? 'takeover' : 'write'),
    ),
    ...recovery_addresses.flatMap((it, index) => membersOf(it, ['recovery_addresses', String(index)], 'write')),
  ];
}

const membersOf = (address: object, path: readonly string[], effect: Difference['effect']): readonly Difference[] =>
  Object.entries(address)
    .filter(([, it]) => it !== undefined)
    .map(([name, after]: [string, unknown]) => ({ path: [...path, name], before: undefined, after, effect }));

/**
 * What a change to an account is in a takeover. A linked sign-in is somebody else's key beside the account's own, as another second factor
 * is; a password that an administrator sets lets its holder in without any of the account's own, as a recovery does, so that with another
 * e-mail address it is the whole chain.
 */
export function chainOf(
  comparison: Omit<Comparison, 'credentials'>,
  credentials: Credentials = {},
): { readonly chain?: readonly ChainLink[] } {
  const chain: ChainLink[] = [];
  if (touchesContact(comparison)) chain.push('contact');
  if (FEDERATED.some((it) => credentials[it] !== undefined)) chain.push('second_factor');
  if (credentials.password !== undefined) chain.push('recovery');
  return chain.length === 0 ? {} : { chain };
}
