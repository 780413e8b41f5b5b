/** The policy in force, as Markdown for agents and people: `kratos://policy`. Pure. */
import { EFFECTS, type RecoverySettings } from '../operation.ts';
import { fileName } from './decision.ts';
import type { ClaimCondition, Conditions, Policy, Requirements, Rule, TargetConditions, TimeWindow } from './policy.ts';
import { MEANING, presets } from './presets.ts';
import { verdictText } from './strictness.ts';
import { DAYS } from './window.ts';

const STANDING = {
  allow: 'carried out',
  confirm: 'a person must agree',
  approve: 'an approver must agree on the approvals page',
  'not offered': 'not offered',
} as const;

/** `recovery`: as it is in fact, by the file or by the settings. */
export function describePolicy(policy: Policy, recovery: RecoverySettings): string {
  return [
    `# Policy in force: ${policy.rules.length + policy.protected.length > 0 ? `${fileName(policy)}, on ` : ''}preset "${policy.preset}"`,
    '',
    'A call can have several effects, on several accounts; each is judged, and the strictest verdict counts.',
    ...rules(policy),
    ...preset(policy),
    ...protectedAccounts(policy),
    ...limits(policy),
    ...others(policy, recovery),
    '',
  ].join('\n');
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map((it) => it.replaceAll('|', '\\|')).join(' | ')} |`);

function preset({ preset: name, rules: { length } }: Policy): readonly string[] {
  const rows = (['read', ...EFFECTS] as const).map((effect) => {
    const standing = presets[name][effect];
    return [effect, MEANING[effect], standing, STANDING[standing]];
  });
  const lead = length > 0 ? ['', '## Where no rule matches', ''] : [''];
  return [
    ...lead,
    ...table(['effect', 'the call', 'verdict', 'what happens'], rows),
    '',
    'What takes over, destroys or changes many is never carried out without a person, whatever a rule says.',
  ];
}

function rules({ rules: all }: Policy): readonly string[] {
  if (all.length === 0) return [];
  const rows = all.map((it, index) => [String(index + 1), it.name, conditionsText(it.when), verdictOf(it)]);
  return ['', '## Rules, the first match decides', '', ...table(['', 'rule', 'calls', 'verdict'], rows)];
}

function verdictOf(rule: Rule): string {
  const { verdict, approvals, requires, others: isOther, confirmBy } = rule;
  return [
    verdictText({ kind: verdict, approvals }),
    ...needed(requires),
    ...(approvals === 2 ? ['by others than the requester'] : isOther ? ['by somebody else than the requester'] : []),
    ...(confirmBy === undefined ? [] : [`by ${confirmBy}`]),
    ...(rule.when.clients === undefined ? [] : ['only where that is stricter']),
  ].join(', ');
}

const needed = ({ reason, ticket }: Requirements): readonly string[] => [
  ...(reason ? ['with a reason'] : []),
  ...(ticket === undefined ? [] : [`with a ticket (\`${ticket}\`)`]),
];

function conditionsText({ tools, effects, target, count, principals, claims, clients, time }: Conditions): string {
  const parts = [
    tools && `tool ${either(tools)}`,
    effects && `effect ${either(effects)}`,
    target && targetText(target),
    count && `of more than ${count.over} accounts`,
    principals && `for principal ${either(principals)}`,
    claims && `for principals with ${claimsText(claims)}`,
    clients && `from client ${either(clients)}`,
    time && timeText(time),
  ].filter((it) => it !== undefined);
  return parts.length === 0 ? 'all' : parts.join('; ');
}

function targetText({ id, state, schema_id, organization_id, verified, values = [], changes }: TargetConditions): string {
  return [
    id && `id ${either(id)}`,
    state && `state ${either(state)}`,
    schema_id && `schema_id ${either(schema_id)}`,
    organization_id && `organization_id ${either(organization_id)}`,
    verified === undefined ? undefined : verified ? 'with a verified address' : 'without a verified address',
    ...values.map(({ path, globs }) => `${path.join('.')} ${either(globs)}`),
    changes && `changes of ${either(changes)}`,
  ]
    .filter((it) => it !== undefined)
    .join('; ');
}

const claimsText = (claims: readonly ClaimCondition[]): string =>
  claims.map(({ path, globs }) => `${path.join('.')} ${either(globs)}`).join(' and ');

const either = (words: readonly string[]): string => words.map((it) => `\`${it}\``).join(' or ');

function timeText({ days, from, to, zone }: TimeWindow): string {
  const on = days === undefined ? '' : `${days.map((it) => DAYS[it] ?? '').join(', ')} `;
  return `at ${on}${clock(from)}–${clock(to)} (${zone})`;
}
const clock = (minutes: number): string => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** By name alone: how they are recognised is worth knowing to nobody but the operator. */
function protectedAccounts({ protected: all }: Policy): readonly string[] {
  return all.length === 0 ? [] : ['', '## Protected', '', `Accounts that no call may change: ${all.map((it) => it.name).join(', ')}.`];
}

function limits({ limits: it }: Policy): readonly string[] {
  const rows: readonly (readonly [string, number | string])[] = [
    ['questions to a person in an hour', it.asked],
    ['questions waiting at once (of everybody)', `${it.waiting} (${it.waitingInAll})`],
    ['destructive changes in an hour', it.destructive],
    ['changes in an hour that could hand an account over', it.takeover],
    ['recovery codes and links of one account in 24 hours', it.recoveryPerTarget],
    ['changes in 10 minutes before a person is asked all the same', it.allowedIn10Min],
    ['accounts in one batch', it.batchItems],
    [
      'share of all accounts that batches may touch in a day before two approvers are needed',
      `${it.massShare * 100} %, from ${it.massAtLeast} accounts on`,
    ],
    ['refusals on the page in an hour before changes are locked', it.declines],
    ['minutes that a declined call is not asked about again', it.coolDownMinutes],
    ['identities shown in an hour', it.identitiesRead],
    ['hours within which a change of contact data and a recovery of one account need an approver', it.chainHours],
  ];
  return [
    '',
    '## Limits, per principal',
    '',
    ...table(
      ['limit', ''],
      rows.map(([name, value]) => [name, String(value)]),
    ),
  ];
}

const DELIVERY = {
  page: 'are shown to the person who approved, on the approvals page',
  withhold: 'are withheld: the tools that make them are refused',
  reply: 'are put into the tool result',
} as const;

function others({ approvers, confirmBy, hide }: Policy, { deliver, maxLifetimeS, returnTo }: RecoverySettings): readonly string[] {
  const { waitHours, phrase, pageMinutes, who } = approvers;
  return [
    '',
    '## How a person answers',
    '',
    `A confirmation is asked for ${confirmBy === 'form' ? 'by the form of the client, or on the approvals page' : 'on the approvals page'}; a question stands there for ${pageMinutes} minutes.`,
    `An approver counts for "approve" ${waitHours === 0 ? 'at once' : `${waitHours} hours after enrolment`}.${phrase ? ' Without an approver, a typed phrase on the page confirms.' : ''}`,
    ...(who.length === 0 ? [] : [`Over HTTP, an approver is who signs in on the page with ${who.map(claimsText).join(', or with ')}.`]),
    '',
    `Recovery codes and links ${DELIVERY[deliver]}; they live at most ${Math.round(maxLifetimeS / 60)} minutes.${returnTo === undefined ? '' : ` A link may lead to ${either(returnTo)}.`}`,
    ...(hide.length === 0 ? [] : ['', `Not shown in any result: ${hide.map((it) => `\`${it.join('.')}\``).join(', ')}.`]),
  ];
}
