/** Asks an approver to agree to what a command is about to do: a plan like any other, answered on a page of this process. */
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../audit/record.ts';
import { canonical } from '../lib/json.ts';
import { own, say, type Said } from '../lib/text.ts';
import type { OpenSite } from '../page/page.ts';
import { PageUnavailable } from '../page/types.ts';
import type { Policy } from '../policy/policy.ts';
import { LEAST_WAIT_HOURS, standingOf } from '../store/standing.ts';
import type { NewPlan, PlanRecord } from '../store/types.ts';
import { siteOf } from './approver-page.ts';
import { INTERRUPTED, type Office } from './approver-state.ts';

export interface Errand {
  /** As it is typed: `approver remove`. */
  readonly command: string;
  readonly title: string;
  readonly says: readonly Said[];
  readonly irreversible?: Said;
  /** What exactly is agreed to; sealed into the digest that the approver signs. */
  readonly subject: Readonly<Record<string, unknown>>;
  readonly event: AuditEvent;
  /** What goes into the record of it, beside who agreed. */
  readonly facts?: Readonly<Record<string, string>>;
  /** Whether it still has to be done, when somebody has agreed. Undefined: yes; else why not. */
  readonly hinders?: () => Promise<string | undefined>;
  /** `by`: the approver who agreed. */
  readonly work: (by: string) => Promise<void>;
  /** What is printed when it is done. */
  readonly done: string;
}

const secondsOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

const WAIT_MS = 10 * 60_000;
const POLL_MS = 400;

/** Answers the exit code: 0 done, 1 not. */
export async function withApproval(office: Office, errand: Errand, site: OpenSite = siteOf(office)): Promise<number> {
  const { store, terminal } = office;
  const plan = await asked(office, errand);
  if (typeof plan === 'string') {
    terminal.print(plan);
    return 1;
  }
  try {
    const origin = await site.open();
    terminal.print(`An approver has to agree. Open ${origin}/approvals/${plan.id} and type the code ${plan.code} there.`);
    terminal.print('Waiting for ten minutes at most; Ctrl-C ends it.');
    const seen = await decisionOn(plan, office);
    if (seen === 'interrupted') return INTERRUPTED;
    terminal.print(seen === 'approved' ? await carriedOut(plan, errand, office) : `Not done: ${ENDED[seen]}.`);
    const isDone = (await store.plans.find(plan.id))?.outcome === 'executed';
    await sleep(terminal.lingerMs, undefined, { signal: terminal.signal }).catch(() => {});
    return isDone ? 0 : 1;
  } catch (error) {
    if (!(error instanceof PageUnavailable)) throw error;
    terminal.print(error.message);
    return 1;
  } finally {
    await store.plans.end(plan.id, 'void', 'given up'); // of one that was carried out or declined it changes nothing
    await site.close();
  }
}

const ENDED = { declined: 'it was denied on the page', expired: 'nobody answered in time', void: 'it was withdrawn' } as const;

/** Of commands. */
export const waitHoursOf = ({ approvers }: Pick<Policy, 'approvers'>): number => Math.max(LEAST_WAIT_HOURS, approvers.waitHours);

/** Why no approver could agree to a command now, before anybody is sent to the page; undefined where one can. */
export async function whyNobodyAgrees({ approvers, folder, policy, level, now }: Office): Promise<string | undefined> {
  const all = await approvers.list();
  if (all.length === 0)
    return `Not done: an approver has to agree to this, and nobody is enrolled in ${folder.path}. See approver enroll; where approvers sign in with a provider, one of them does it on the page of the server, at /approvals.`;
  const waitHours = waitHoursOf(policy());
  const from = all.map((it) => {
    const standing = standingOf(it, { planCreated: now(), kind: 'approve', waitHours, level, now: now() });
    return standing === 'counts' ? 0 : (standing.countsFrom ?? Number.POSITIVE_INFINITY);
  });
  const first = Math.min(...from);
  if (first <= now()) return undefined;
  const when = Number.isFinite(first) ? `: the first does from ${secondsOf(first)} on, ${waitHours} hours after enrolment` : '';
  return `Not done: an approver has to agree to this, and nobody counts yet${when}. approver list shows them.`;
}

/** An agent's waiting questions must not keep the operator from a thaw or from removing an approver; of each command one waits at most. */
const ALWAYS_ROOM = { waiting: Number.MAX_SAFE_INTEGER, waitingInAll: Number.MAX_SAFE_INTEGER };

async function asked(office: Office, { command, title, says, irreversible, subject }: Errand): Promise<PlanRecord | string> {
  const { store, folder, principal, environment, sealKey } = office;
  const nobody = await whyNobodyAgrees(office);
  if (nobody !== undefined) return nobody;
  const keyed = (kind: string, content: unknown) =>
    createHmac('sha256', sealKey).update(`command ${kind}\n`).update(canonical(content)).digest('base64url');
  const request = keyed('request', { command, principal });
  const minutes = Math.ceil((await store.plans.coolingMs(request)) / 60_000);
  if (minutes > 0) return `Not done: an approver has denied this lately; it is not asked about again for ${minutes} minutes.`;
  const plan: NewPlan = {
    digest: keyed('plan', { command, subject, principal, folder: folder.path }),
    request,
    principal,
    client: 'command line',
    tool: command,
    effects: ['privilege'],
    targets: [],
    ids: {},
    channel: 'page',
    kind: 'approve',
    approvals: 1,
    others: false,
    waitHours: LEAST_WAIT_HOURS,
    phrase: '',
    requires: { reason: false, ticket: undefined },
    lifetimeMs: WAIT_MS,
    shown: {
      environment,
      tool: command,
      title,
      requester: principal,
      client: 'the command line on this machine',
      effects: ['who may approve, and what is stopped'],
      concerns: [],
      says,
      ...(irreversible !== undefined && { irreversible }),
      why: say`The command ${own(command)} needs an approver.`,
      rule: 'built in',
      differences: [],
      requests: [],
    },
  };
  // One that was asked with other contents is ended by asking, and the second try is the first one of its kind.
  const first = await store.plans.ask(plan, ALWAYS_ROOM);
  const result = first.kind === 'stale' ? await store.plans.ask(plan, ALWAYS_ROOM) : first;
  return result.kind === 'plan' ? result.plan : 'Not done: somebody else asks for the same at this moment. Try again.';
}

/** How the person decided, or that nobody did. */
async function decisionOn(
  { id }: PlanRecord,
  { store, terminal, now }: Office,
): Promise<'approved' | 'declined' | 'expired' | 'void' | 'interrupted'> {
  const until = now() + WAIT_MS;
  while (now() < until) {
    if (terminal.signal.aborted) return 'interrupted';
    const plan = await store.plans.find(id);
    if (plan === undefined) return 'void';
    if (plan.state === 'approved' || plan.state === 'declined' || plan.state === 'expired' || plan.state === 'void') return plan.state;
    if (plan.state !== 'waiting') return 'void'; // another process took it
    await sleep(POLL_MS, undefined, { signal: terminal.signal }).catch(() => {});
  }
  return 'expired';
}

/** Claimed once, on record, then done. Answers what is printed. */
async function carriedOut({ id, digest, principal }: PlanRecord, errand: Errand, { store, ledger }: Office): Promise<string> {
  const approved = await store.plans.find(id);
  const by = approved?.decided[0]?.by;
  if (by === undefined || !(await store.plans.claim(id, { digest, principal })))
    return 'Not done: it was over before it could be carried out.';
  let outcome = 'failed';
  try {
    const hinders = await errand.hinders?.();
    if (hinders !== undefined) return `Not done: ${hinders}`;
    await ledger.durable({
      event: errand.event,
      plan_id: id,
      digest,
      tool: errand.command,
      requester: principal,
      approvers: [by],
      decision_source: 'person',
      ...(errand.facts !== undefined && { facts: errand.facts }),
    });
    await errand.work(by);
    outcome = 'executed';
    return errand.done;
  } finally {
    await store.plans.finish(id, outcome);
    ledger.note({ event: 'outcome', plan_id: id, tool: errand.command, requester: principal, outcome });
  }
}
