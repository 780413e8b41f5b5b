/** Recovery codes and links: whoever holds one signs in as the account. Made only where the operator chose where they go. */
import { z } from 'zod';
import { parseBody, RecoveryReply } from '../client/bodies.ts';
import type { Reply } from '../client/types.ts';
import { own, say } from '../lib/text.ts';
import { change, send, type Context, type Operation, type RecoverySettings, type Reveal, type Settings } from '../operation.ts';
import { seed } from '../seed.ts';
import { wholeSeconds } from '../shape/time.ts';
import { about, describe } from './about.ts';
import { Uuid } from './fields.ts';
import { readIdentity } from './read-identity.ts';
import { checkLifetime, checkOrigin, checkReturnTo, defaultLifetime } from './recovery-arguments.ts';
import { contactChangedAt, subjectOf } from './subjects.ts';

const LinkOut = z.looseObject({
  identity_id: z.string(),
  changed: z.boolean(),
  delivered: z.enum(['page', 'reply', 'withheld']),
  expires_at: z.string().optional(),
  hint: z.string().optional(),
  recovery_link: z.string().optional(),
});
const CodeOut = LinkOut.extend({ recovery_code: z.string().optional() });

const WHERE: Readonly<Record<RecoverySettings['deliver'], string>> = {
  page: 'It is shown on the approvals page to whoever approves this, and to nobody else; the agent does not get it.',
  reply: 'It is delivered into the chat, where the agent reads it.',
  withhold: 'It is delivered to nobody.',
};

interface Asked {
  readonly identity_id: string;
  readonly expires_in: string;
  readonly thing: string;
}

/** All of a plan but its calls. */
async function planFor({ identity_id, expires_in, thing }: Asked, { kratos, settings }: Context<'getIdentity'>) {
  const identity = await readIdentity(kratos, identity_id);
  const target = about(identity);
  const changedAt = contactChangedAt(identity);
  return {
    effects: ['takeover'] as const,
    targets: [target],
    phrase: target.label,
    says: [
      ...describe(identity),
      say`${own(thing)} is made: whoever holds it signs in as this account and can set a new password.`,
      say`It lives for ${expires_in}. Codes and links made earlier stay valid until they expire.`,
      say`${own(WHERE[settings.recovery.deliver])} Kratos sends nothing to the customer.`,
    ],
    irreversible: say`It cannot be taken back before it expires.`,
    // Kratos lists no codes and takes none back; each call makes another.
    ifUnknown: `What was made, if anything, signs its holder in for up to ${expires_in} and cannot be listed or taken back: tell the user, and make no other one unasked.`,
    watch: { state: identity.state, deliver: settings.recovery.deliver },
    subjects: [subjectOf(identity)],
    count: 1,
    chain: ['recovery'] as const,
    ...(changedAt === undefined ? {} : { contactChangedAt: changedAt }),
    result: { identity_id, changed: true, delivered: 'withheld' as const },
  };
}

/** Code and link leave only where the operator chose `reply`. */
function reported(reply: Reply | undefined, identity_id: string, { recovery: { deliver } }: Settings) {
  const { expires_at, recovery_code, recovery_link } = parseBody(RecoveryReply, reply);
  const until = wholeSeconds(expires_at);
  const made = { identity_id, changed: true, ...(until === undefined ? {} : { expires_at: until }) };
  if (deliver === 'page') return { ...made, delivered: 'page' as const, hint: waitsUntil(until) };
  if (deliver === 'withhold') return { ...made, delivered: 'withheld' as const };
  return { ...made, delivered: 'reply' as const, ...(recovery_code === undefined ? {} : { recovery_code }), recovery_link };
}

const lifetimeOf = ({ expires_in }: { readonly expires_in?: string | undefined }, { recovery: { maxLifetimeS } }: Settings): string =>
  expires_in === undefined ? defaultLifetime(maxLifetimeS) : checkLifetime(expires_in, maxLifetimeS);

/** A hint stands outside the fence: a time that is none is not repeated there. */
function waitsUntil(until: string | undefined): string {
  const time = until !== undefined && !Number.isNaN(Date.parse(until)) ? ` until ${new Date(until).toISOString().replace('.000', '')}` : '';
  return `What was made waits on the approvals page${time} for the person who approved; it is not yours to see. Tell the user that it is there, and do not ask for it.`;
}

/** Once more out of Kratos' reply, for the page and nothing else. Throws where Kratos names no end: without one nobody could tell when to drop it. */
function revealed([reply]: readonly Reply[]): Reveal {
  const { expires_at = '', recovery_code, recovery_link } = parseBody(RecoveryReply, reply);
  const expiresAt = Date.parse(expires_at);
  if (Number.isNaN(expiresAt)) throw new Error('Kratos named no time at which the recovery ends');
  return {
    values: { ...(recovery_code === undefined ? {} : { 'Recovery code': recovery_code }), 'Recovery link': recovery_link },
    expiresAt,
  };
}

export const recovery: readonly Operation[] = [
  change({
    name: 'create_recovery_code_for_identity',
    title: 'Make a recovery code',
    summary:
      'Makes a one-time code with which the holder signs in as this identity, for 1h or as long as the operator allows. Where it is delivered is for the operator to choose.',
    toolset: 'recovery',
    effects: ['takeover'],
    reads: ['getIdentity'],
    writes: ['createRecoveryCode'],
    idempotent: false,
    secret: 'recovery',
    input: z.strictObject({ identity_id: Uuid, expires_in: z.string().optional(), flow_type: z.enum(['browser', 'api']).optional() }),
    output: CodeOut,
    example: { identity_id: seed.ada },
    async plan({ identity_id, flow_type, ...asked }, context) {
      const expires_in = lifetimeOf(asked, context.settings);
      const body = { identity_id, expires_in, ...(flow_type === undefined ? {} : { flow_type }) };
      const plan = await planFor({ identity_id, expires_in, thing: 'A recovery code with its link' }, context);
      return { ...plan, calls: [send('createRecoveryCode', {}, { body })] };
    },
    report: ([reply], { result }, settings) => reported(reply, result.identity_id, settings),
    reveal: revealed,
  }),
  change({
    name: 'create_recovery_link_for_identity',
    title: 'Make a recovery link',
    summary:
      'Makes a link with which the holder signs in as this identity, for 1h or as long as the operator allows. Where it is delivered is for the operator to choose.',
    toolset: 'recovery',
    effects: ['takeover'],
    reads: ['getIdentity'],
    writes: ['createRecoveryLink'],
    idempotent: false,
    secret: 'recovery',
    input: z.strictObject({ identity_id: Uuid, expires_in: z.string().optional(), return_to: z.string().optional() }),
    output: LinkOut,
    example: { identity_id: seed.ada },
    async plan({ identity_id, return_to, ...asked }, context) {
      const expires_in = lifetimeOf(asked, context.settings);
      const body = { identity_id, expires_in };
      const query = return_to === undefined ? {} : { return_to: checkOrigin(checkReturnTo(return_to), context.settings.recovery.returnTo) };
      const plan = await planFor({ identity_id, expires_in, thing: 'A recovery link' }, context);
      const more = return_to === undefined ? [] : [say`It leads to ${return_to}.`];
      return { ...plan, says: [...plan.says, ...more], calls: [send('createRecoveryLink', {}, { query, body })] };
    },
    report: ([reply], { result }, settings) => reported(reply, result.identity_id, settings),
    reveal: revealed,
  }),
];
