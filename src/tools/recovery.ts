/** Recovery codes and links: whoever holds one signs in as the account. Made only where the operator chose where they go. */
import { z } from 'zod';
import { parseBody, RecoveryReply } from '../client/bodies.ts';
import type { Reply } from '../client/types.ts';
import { own, say } from '../lib/text.ts';
import { change, send, type Context, type Operation, type Settings } from '../operation.ts';
import { seed } from '../seed.ts';
import { wholeSeconds } from '../shape/time.ts';
import { about, describe } from './about.ts';
import { Uuid } from './fields.ts';
import { readIdentity } from './read-identity.ts';
import { checkLifetime, checkReturnTo } from './recovery-arguments.ts';

const ExpiresIn = z.string().default('1h');

const LinkOut = z.looseObject({
  identity_id: z.string(),
  changed: z.boolean(),
  delivered: z.enum(['reply', 'withheld']),
  expires_at: z.string().optional(),
  recovery_link: z.string().optional(),
});
const CodeOut = LinkOut.extend({ recovery_code: z.string().optional() });

interface Asked {
  readonly identity_id: string;
  readonly expires_in: string;
  readonly thing: string;
}

/** All of a plan but its calls. */
async function planFor({ identity_id, expires_in, thing }: Asked, { kratos, settings }: Context<'getIdentity'>) {
  const identity = await readIdentity(kratos, identity_id);
  const target = about(identity);
  const where = settings.recoveryDelivery === 'reply' ? 'into the chat, where the agent reads it' : 'to nobody';
  return {
    effects: ['takeover'] as const,
    targets: [target],
    phrase: target.label,
    says: [
      ...describe(identity),
      say`${own(thing)} is made: whoever holds it signs in as this account and can set a new password.`,
      say`It lives for ${expires_in}. Codes and links made earlier stay valid until they expire.`,
      say`It is delivered ${own(where)}. Kratos sends nothing to the customer.`,
    ],
    irreversible: say`It cannot be taken back before it expires.`,
    // Kratos lists no codes and takes none back; each call makes another.
    ifUnknown: `What was made, if anything, signs its holder in for up to ${expires_in} and cannot be listed or taken back: tell the user, and make no other one unasked.`,
    watch: { state: identity.state },
    result: { identity_id, changed: true, delivered: 'withheld' as const },
  };
}

/** Code and link leave only where the operator chose `reply`. */
function reported(reply: Reply | undefined, identity_id: string, { recoveryDelivery }: Settings) {
  const { expires_at, recovery_code, recovery_link } = parseBody(RecoveryReply, reply);
  const until = wholeSeconds(expires_at);
  const made = { identity_id, changed: true, ...(until === undefined ? {} : { expires_at: until }) };
  if (recoveryDelivery !== 'reply') return { ...made, delivered: 'withheld' as const };
  return { ...made, delivered: 'reply' as const, ...(recovery_code === undefined ? {} : { recovery_code }), recovery_link };
}

export const recovery: readonly Operation[] = [
  change({
    name: 'create_recovery_code_for_identity',
    title: 'Make a recovery code',
    summary:
      'Makes a one-time code with which the holder signs in as this identity; lives at most 1h. Where it is delivered is for the operator to choose.',
    toolset: 'recovery',
    effects: ['takeover'],
    reads: ['getIdentity'],
    writes: ['createRecoveryCode'],
    idempotent: false,
    secret: 'recovery',
    input: z.strictObject({ identity_id: Uuid, expires_in: ExpiresIn, flow_type: z.enum(['browser', 'api']).optional() }),
    output: CodeOut,
    example: { identity_id: seed.ada },
    async plan({ identity_id, expires_in, flow_type }, context) {
      const body = { identity_id, expires_in: checkLifetime(expires_in), ...(flow_type === undefined ? {} : { flow_type }) };
      const plan = await planFor({ identity_id, expires_in, thing: 'A recovery code with its link' }, context);
      return { ...plan, calls: [send('createRecoveryCode', {}, { body })] };
    },
    report: ([reply], { result }, settings) => reported(reply, result.identity_id, settings),
  }),
  change({
    name: 'create_recovery_link_for_identity',
    title: 'Make a recovery link',
    summary:
      'Makes a link with which the holder signs in as this identity; lives at most 1h. Where it is delivered is for the operator to choose.',
    toolset: 'recovery',
    effects: ['takeover'],
    reads: ['getIdentity'],
    writes: ['createRecoveryLink'],
    idempotent: false,
    secret: 'recovery',
    input: z.strictObject({ identity_id: Uuid, expires_in: ExpiresIn, return_to: z.string().optional() }),
    output: LinkOut,
    example: { identity_id: seed.ada },
    async plan({ identity_id, expires_in, return_to }, context) {
      const body = { identity_id, expires_in: checkLifetime(expires_in) };
      const query = return_to === undefined ? {} : { return_to: checkReturnTo(return_to) };
      const plan = await planFor({ identity_id, expires_in, thing: 'A recovery link' }, context);
      const more = return_to === undefined ? [] : [say`It leads to ${return_to}.`];
      return { ...plan, says: [...plan.says, ...more], calls: [send('createRecoveryLink', {}, { query, body })] };
    },
    report: ([reply], { result }, settings) => reported(reply, result.identity_id, settings),
  }),
];
