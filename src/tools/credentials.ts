/** Taking a sign-in method away. */
import { z } from 'zod';
import type { KratosIdentity } from '../client/bodies.ts';
import { InputError } from '../errors.ts';
import { say } from '../lib/text.ts';
import { change, send, type Operation } from '../operation.ts';
import { seed } from '../seed.ts';
import { about, describe, quoteList } from './about.ts';
import { FilterText, Uuid } from './fields.ts';
import { firstFactors, methodsOf, NEEDED, SECOND_FACTOR_KEYS } from './methods.ts';
import { readIdentity } from './read-identity.ts';
import { subjectOf } from './subjects.ts';

const Type = z.enum(['password', 'oidc', 'saml', 'totp', 'lookup_secret', 'webauthn', 'code', 'passkey']);
type Type = z.output<typeof Type>;
interface Asked {
  readonly type: Type;
  readonly identifier?: string | undefined;
}

/** Of webauthn only the keys that serve after a password can be removed. */
const SECOND_FACTORS: ReadonlySet<Type> = new Set(['totp', 'lookup_secret', 'webauthn']);

const isLinked = (type: Type): type is 'oidc' | 'saml' => type === 'oidc' || type === 'saml';
/** The entry of `methodsOf` that goes. Of webauthn, Kratos removes only the keys that serve after a password. */
const methodOf = ({ type, identifier }: Asked): string => {
  if (type === 'webauthn') return SECOND_FACTOR_KEYS;
  return isLinked(type) ? `${type} ${identifier}` : type;
};

/** Throws `InputError` where the arguments alone are wrong. */
function checkArguments({ type, identifier }: Asked): void {
  if (type === 'code' || type === 'passkey') {
    throw new InputError(
      `Kratos does not delete credentials of type ${type}; ${type === 'code' ? 'they follow the traits' : 'their owner can, in the settings'}.`,
    );
  }
  if (isLinked(type) && identifier === undefined) {
    throw new InputError(
      `Several accounts can be linked by ${type}: name the one to remove in \`identifier\`, as provider:subject (get_identity with include_credential shows them).`,
    );
  }
  if (!isLinked(type) && identifier !== undefined) {
    throw new InputError(`\`identifier\` is for oidc and saml only; ${type} is removed as a whole. Leave it out.`);
  }
}

/** Refuses what Kratos would refuse (v26.2.0, identity/handler.go:1206), and what it would do without any effect. */
function checkIdentity(identity: KratosIdentity, asked: Asked): void {
  const { type } = asked;
  if (!methodsOf(identity).includes(methodOf(asked))) {
    const absent = isLinked(type) ? `No account with this identifier is linked by ${type}.` : `The account has no ${type} set up.`;
    throw new InputError(`${absent} ${ABSENT[type] ?? ''}get_identity with include_credential ${type} shows what is there.`);
  }
  if ((type === 'password' || isLinked(type)) && firstFactors(identity) < 2) {
    throw new InputError(
      'This is the last way in which the account can sign in, and Kratos does not take that away. To lock the account, use lock_identity.',
    );
  }
}
const ABSENT: Readonly<Partial<Record<Type, string>>> = {
  webauthn: 'Keys for signing in without a password are not removed by this. ',
  oidc: 'Upper and lower case count. ',
  saml: 'Upper and lower case count. ',
};

export const credentials: readonly Operation[] = [
  change({
    name: 'delete_identity_credentials',
    title: 'Remove a sign-in method',
    summary: 'Removes one sign-in method of an identity; for oidc and saml the one link named by identifier (provider:subject).',
    toolset: 'credentials',
    effects: ['takeover'],
    reads: ['getIdentity'],
    writes: ['deleteIdentityCredentials'],
    idempotent: true,
    input: z.strictObject({ id: Uuid, type: Type, identifier: FilterText.optional() }),
    output: z.looseObject({
      id: z.string(),
      type: Type,
      identifier: z.string().optional(),
      changed: z.boolean(),
      deleted: z.boolean(),
      remaining: z.array(z.string()),
    }),
    example: { id: seed.grace, type: 'totp' },
    async plan({ id, ...asked }, { kratos }) {
      checkArguments(asked);
      const identity = await readIdentity(kratos, id, NEEDED);
      checkIdentity(identity, asked);
      const { type, identifier } = asked;
      const target = about(identity);
      const method = methodOf(asked);
      const remaining = methodsOf(identity).filter((it) => it !== method);
      const named = identifier === undefined ? {} : { identifier };
      return {
        effects: ['takeover'],
        targets: [target],
        phrase: target.label,
        says: [
          ...describe(identity),
          say`Removed as a way to sign in: ${method}.`,
          remaining.length > 0 ? say`Left: ${quoteList(remaining)}.` : say`No way to sign in is left.`,
          say`Sessions that are signed in stay signed in.`,
        ],
        irreversible: say`Only the account's owner can set it up again.`,
        watch: { state: identity.state, method, remaining },
        subjects: [subjectOf(identity)],
        count: 1,
        ...(SECOND_FACTORS.has(type) ? { chain: ['second_factor'] } : {}),
        calls: [send('deleteIdentityCredentials', { id, type }, { query: named })],
        result: { id, type, ...named, changed: true, deleted: true, remaining },
      };
    },
    async readBack(result, { kratos }) {
      const methods = methodsOf(await readIdentity(kratos, result.id, NEEDED));
      return { ...result, deleted: !methods.includes(methodOf(result)), remaining: [...methods] };
    },
    landed: async ({ result }, { kratos }) => !methodsOf(await readIdentity(kratos, result.id, NEEDED)).includes(methodOf(result)),
  }),
];
