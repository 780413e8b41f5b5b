/** The policy file: its one schema. What is read out of it, the JSON Schema for editors and the keys in docs/policy.md all come from here. */
import { z } from 'zod';
import { EFFECTS } from '../operation.ts';
import { contradictionsIn, fitsEverybody } from './contradictions.ts';
import { PRESET_NAMES } from './presets.ts';
import { APPROVERS, LIMITS } from './preset-policy.ts';
import { whyNoTicketPattern } from './ticket.ts';
import { ChangeGlob, checked, ClaimName, Clock, Days, Duration, Glob, HidePath, listOf, oneOrMore, Path } from './words.ts';
import { isZone } from './window.ts';

export const VERSION = 1;
const MOST = { rules: 500, protected: 500, hide: 100 };

/** A mapping with these keys and no others. */
const section = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z.strictObject(shape, {
    error: ({ code, input }) => {
      const keys = Object.keys(shape).join(', ');
      if (code === 'unrecognized_keys') return `is not known here. Known are: ${keys}`;
      return code === 'invalid_type' && input !== undefined ? `must be a mapping with some of: ${keys}` : undefined;
    },
  });

const whyNoName = (text: string): string | undefined =>
  /^[\p{L}\p{N}][\p{L}\p{N} .,:;'+_/-]{0,59}$/u.test(text)
    ? undefined
    : "is no name of up to 60 letters, digits, blanks and . , : ; ' + - _ /";
const Name = checked(whyNoName, 'How people find it: in questions, in the ledger, in explain.');

const Value = z
  .union([Glob, z.boolean(), z.int()], { error: 'must be a text, a whole number, true or false, or a list of those' })
  .transform(String);
/** Dotted path below it → globs. */
const valuesBy = (name: z.core.$ZodRecordKey, what: string) =>
  z
    .record(name, oneOrMore(Value, 'values'), {
      error: ({ code }) => (code === 'invalid_type' ? `must be a mapping of ${what}s to values` : undefined),
    })
    .refine((it) => Object.keys(it).length > 0, `is empty; name a ${what} and a value`);
const Values = valuesBy(Path, 'path');
const Claims = valuesBy(ClaimName, 'claim');

const globs = (name: string, description: string) => oneOrMore(Glob, name).optional().meta({ description });
const facts = {
  id: globs('ids', 'Of the identity.'),
  state: oneOrMore(z.enum(['active', 'inactive']), 'states')
    .optional()
    .meta({ description: 'active or inactive.' }),
  schema_id: globs('schemas', 'Of its identity schema.'),
  organization_id: globs('organizations', 'Of its organization.'),
  verified: z.boolean().optional().meta({ description: 'Whether any of its addresses is verified.' }),
  traits: Values.optional().meta({ description: 'Dotted path below the traits, and globs for its value.' }),
  metadata_public: Values.optional().meta({ description: 'The same below metadata_public.' }),
  metadata_admin: Values.optional().meta({ description: 'The same below metadata_admin.' }),
};
const isSaid = (it: object): boolean => Object.values(it).some((value) => value !== undefined);

const Target = section({
  ...facts,
  changes: oneOrMore(ChangeGlob, 'paths')
    .optional()
    .meta({ description: 'Which values change, as dotted paths; then the rule is about those alone.' }),
}).refine(isSaid, 'is empty; say which accounts are meant');

const Time = section({
  days: oneOrMore(Days, 'days').optional().meta({ description: 'On which days; a window over midnight belongs to the day it begins on.' }),
  from: Clock.optional(),
  to: Clock.optional().meta({ description: 'The first minute that is outside. Before "from": on the next day.' }),
  zone: checked((it) => (isZone(it) ? undefined : 'is no time zone known here (Europe/Berlin, UTC)'), 'Whose clock.'),
})
  .refine(({ from, to }) => (from === undefined) === (to === undefined), 'says only one of "from" and "to"')
  .refine(({ from, to }) => from === undefined || from !== to, 'begins when it ends')
  .refine(({ from, days }) => from !== undefined || days !== undefined, 'is always; say "days", or "from" and "to"');

const Require = section({
  reason: z.literal(true).optional().meta({ description: 'The person must say why.' }),
  ticket: checked(whyNoTicketPattern, 'The person must name a ticket; a regular expression for the whole of it.').optional(),
}).refine(isSaid, 'is empty; say reason, ticket or both');

const Principal = z.union([Glob, listOf(Glob, 'principals'), Claims]).meta({
  description:
    'On whose behalf: `os:<uid>:<name>` on stdio, `<iss>|<sub>|<client_id>|<kind of token>` or `static|<id>` over HTTP. Or a mapping of claims of the access token to globs; all of it must hold.',
});

export const Rule = section({
  name: Name.optional(),
  tools: globs('tools', 'Tool names.'),
  effects: oneOrMore(z.enum(['read', ...EFFECTS]), 'effects')
    .optional()
    .meta({ description: 'What the call does to an account.' }),
  target: Target.optional().meta({ description: 'Which accounts. All of it must hold.' }),
  count: section({ over: z.int().min(0).max(1_000_000).meta({ description: 'More than this.' }) })
    .optional()
    .meta({ description: 'How many accounts the call concerns.' }),
  principal: Principal.optional(),
  client: globs('clients', 'The client by its own word (name and version), so that such a rule can only raise a verdict.'),
  time: Time.optional().meta({ description: 'When.' }),
  verdict: z
    .union([z.enum(['allow', 'confirm', 'approve', 'deny']), section({ approve: z.union([z.literal(1), z.literal(2)]) })], {
      error: 'must be allow, confirm, approve, deny, or {approve: 2}',
    })
    .meta({ description: 'allow; confirm: a person agrees by form or page; approve: an approver on the page; {approve: 2}: two; deny.' }),
  require: Require.optional().meta({ description: 'What the person enters with the yes.' }),
  approvers: z
    .literal('other')
    .optional()
    .meta({ description: 'With approve: somebody else than the requester. {approve: 2} implies it.' }),
  confirm_by: z.enum(['form', 'page']).optional().meta({ description: 'With confirm: by the form of the client, or on the page.' }),
}).superRefine((rule, context) => {
  for (const { key, message } of contradictionsIn(rule)) context.addIssue({ code: 'custom', path: [key], message });
});

const limit = (fallback: number, description: string, most = 1_000_000) => z.int().min(0).max(most).default(fallback).meta({ description });
const Share = z
  .union([
    z.number().min(0).max(1),
    checked(
      (it) => (/^(?:100|\d{1,2}(?:\.\d{1,3})?) ?%$/.test(it) ? undefined : 'is no share from 0% to 100%'),
      'For example 1%.',
    ).transform((it) => Number.parseFloat(it) / 100),
  ])
  .prefault(`${LIMITS.massShare * 100}%`);

const Limits = section({
  asked: limit(LIMITS.asked, 'Questions to a person, per principal and hour.'),
  waiting: limit(LIMITS.waiting, 'Questions that wait at once, per principal.'),
  waiting_in_all: limit(LIMITS.waitingInAll, 'Questions that wait at once, of everybody.'),
  destructive: limit(LIMITS.destructive, 'Destructive changes, per principal and hour.'),
  takeover: limit(LIMITS.takeover, 'Changes that could hand an account over, per principal and hour.'),
  recovery_per_target: limit(LIMITS.recoveryPerTarget, 'Recovery codes and links of one account in 24 hours.'),
  allowed_in_10_min: limit(LIMITS.allowedIn10Min, 'Changes in 10 minutes that nobody is asked about; above it, a person is.'),
  batch_items: limit(LIMITS.batchItems, 'Accounts in one batch.', 1_000),
  mass_share: Share.meta({ description: 'Share of all identities that batches may touch in a day before two approvers are needed.' }),
  mass_at_least: limit(LIMITS.massAtLeast, 'Below this many accounts the share is not looked at.'),
  declines: limit(LIMITS.declines, "Refusals on the page within an hour that lock the principal's changes."),
  cool_down: Duration('0m', '1d')
    .prefault(`${LIMITS.coolDownMinutes}m`)
    .meta({ description: 'How long a declined call is not asked about again.' }),
  identities_read: limit(LIMITS.identitiesRead, 'Identities shown, per principal and hour.'),
  takeover_chain: Duration('1h', '30d')
    .prefault(`${LIMITS.chainHours}h`)
    .meta({ description: 'A change of contact data and a recovery of one account within this time need an approver.' }),
});

const whyNoOrigin = (text: string): string | undefined =>
  /^https:\/\/[a-z\d.-]+(?::\d+)?$/.test(text) && URL.canParse(text) && new URL(text).origin === text
    ? undefined
    : 'is no https origin (https://app.example.com: no path, no slash at the end, no *)';

const Recovery = section({
  deliver: z.enum(['page', 'withhold', 'reply']).meta({
    description: 'page: to the approver, on the page; withhold: none is made; reply: into the tool result, where the agent reads it.',
  }),
  max_lifetime: Duration('1m', '1h').prefault('1h').meta({ description: 'How long a code or link may live at most.' }),
  return_to: oneOrMore(checked(whyNoOrigin, 'An https origin.'), 'origins')
    .optional()
    .meta({ description: 'Origins that a recovery link may lead to. Left out: Kratos decides.' }),
});

const Who = Claims.refine((it) => !fitsEverybody(it), {
  error: 'is true of everybody who can sign in; name a claim that tells approvers from the others, for example their group',
});

const Approvers = section({
  wait: Duration('0h', '30d')
    .prefault(`${APPROVERS.waitHours}h`)
    .meta({ description: 'After enrolment, until an approver counts for approve.' }),
  phrase: z
    .boolean()
    .default(APPROVERS.phrase)
    .meta({ description: 'Whether a typed phrase without an approver answers confirm on the page.' }),
  page: Duration('1m', '24h').prefault(`${APPROVERS.pageMinutes}m`).meta({ description: 'How long a question stands on the page.' }),
  who: oneOrMore(Who, 'mappings').optional().meta({
    description:
      'Over HTTP: whose sign-in makes an approver, as a mapping of its claims to globs (all of it must hold), or a list of mappings (any of them). Left out: nobody.',
  }),
});

export const PolicyFile = section({
  version: z.literal(VERSION, `must be ${VERSION}`).meta({ description: 'Of this format.' }),
  preset: z.enum(PRESET_NAMES).meta({ description: 'What holds where no rule says otherwise.' }),
  confirm_by: z.enum(['form', 'page']).default('form').meta({ description: 'How a person confirms, where a rule says nothing else.' }),
  rules: z
    .array(Rule, { error: 'must be a list of rules' })
    .max(MOST.rules)
    .default([])
    .meta({ description: 'The first one that matches decides.' }),
  protected: z
    .array(
      section({ name: Name.optional(), ...facts }).refine(
        (it) => isSaid({ ...it, name: undefined }),
        'is empty; say which accounts are protected',
      ),
      {
        error: 'must be a list of accounts',
      },
    )
    .max(MOST.protected)
    .default([])
    .meta({ description: 'Accounts that no call may change, whatever a rule says.' }),
  limits: Limits.prefault({}).meta({ description: 'Each may be set by itself; 0 refuses all.' }),
  hide: oneOrMore(HidePath, 'paths').default([]).meta({ description: 'Values that are dropped from every result.' }),
  recovery: Recovery.optional().meta({ description: 'Recovery codes and links. Left out: the setting decides.' }),
  approvers: Approvers.prefault({}).meta({ description: 'The people who answer on the page.' }),
});
export type PolicyFile = z.output<typeof PolicyFile>;
