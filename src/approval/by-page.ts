/** Asking by the approvals page: whether there is somebody to answer, the address, and a bounded wait for what they say. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../errors.ts';
import { standingOf, type Standing } from '../store/standing.ts';
import type { Approver, PlanRecord } from '../store/types.ts';
import type { Asker } from './ask.ts';
import { askingOf, overLimit } from './budgets.ts';
import { coolingText, refused, type Asking, type PageChannel, type Settled, type SettlePorts } from './settled.ts';

const EXPIRED = 'The question lapsed on the page before it was carried out; nothing was sent. The same call made again is asked afresh.';
const STALE =
  'The account is not as it was when the question was put on the page; nothing was sent. The same call made again is asked afresh.';
const DECLINED = 'A person said no on the page; nothing was sent.';

export async function byPage(asking: Asking, ports: SettlePorts): Promise<Settled> {
  const { asker, plan, signal } = asking;
  const { store, limits, page } = ports;
  const minutes = Math.ceil((await store.plans.coolingMs(plan.request)) / 60_000);
  if (minutes > 0) return refused('declined', coolingText(minutes));
  const nobody = await whyNobody(asking, ports);
  if (nobody !== undefined) return refused('denied', nobody, { code: 'nobody' });

  const lifetimeMs = ports.approvers.pageMinutes * 60_000;
  const asked = await store.plans.ask({ ...plan, channel: 'page', lifetimeMs }, limits, askingOf(plan.principal, limits));
  if (asked.kind === 'over') return refused('denied', overLimit(asked.spent), { code: 'limit' });
  if (asked.kind === 'crowded')
    return refused(
      'denied',
      'Too many questions are waiting for an answer already; nothing was sent. The user has to answer or deny some of them on the approvals page first.',
    );
  if (asked.kind === 'stale') return refused('stale', STALE);
  const url = await addressOf(asked.plan.id, page);
  if (url.kind === 'none') {
    await store.plans.end(asked.plan.id, 'void', 'denied');
    return refused('denied', url.why, { code: 'no_page' });
  }
  const pending = refused('pending', pendingText(asked.plan, url.address), { plan: asked.plan });
  if (asked.fresh && asker.canUrl) {
    const link = { message: linkText(asked.plan), url: url.address, id: asked.plan.id };
    if (!asker.show)
      return { kind: 'ask', plan: asked.plan, result: asker.poseLink(link, ports.sealer.mint(asked.plan.id, plan.principal)) };
    await asker.show(link, { timeoutMs: page.waitMs });
  } else if (asked.fresh) {
    return pending; // nobody can have the address yet
  }
  return collect(asked.plan, pending, { asker, signal, ports });
}

type Address = { readonly kind: 'open'; readonly address: string } | { readonly kind: 'none'; readonly why: string };

async function addressOf(plan: string, page: PageChannel): Promise<Address> {
  try {
    return { kind: 'open', address: await page.addressOf(plan) };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'PageUnavailable') throw error;
    const why = `A person must agree to this call on the approvals page, and it cannot be opened: ${error.message} Nothing was sent.`;
    return { kind: 'none', why };
  }
}

const POLL_MS = 150;

/** Waits for the person, bounded; the client's leaving ends the wait and nothing else. */
async function collect(
  plan: PlanRecord,
  pending: Settled,
  { asker, signal, ports }: { readonly asker: Asker; readonly signal: AbortSignal; readonly ports: SettlePorts },
): Promise<Settled> {
  const until = performance.now() + ports.page.waitMs;
  const stop = asker.keepAlive();
  try {
    for (;;) {
      if (signal.aborted) return pending;
      const now = await ports.store.plans.find(plan.id);
      if (now === undefined) return refused('expired', EXPIRED, { plan });
      if (now.state === 'approved') return { kind: 'approved', plan: now, fresh: false };
      if (now.state === 'declined') return refused('declined', DECLINED, { plan });
      if (now.state !== 'waiting') return refused('expired', EXPIRED, { plan });
      const leftMs = until - performance.now();
      if (leftMs <= 0) return pending;
      await sleep(Math.min(POLL_MS, leftMs));
    }
  } finally {
    stop();
  }
}

/** Whether the page has somebody to answer this call, were it asked now. */
export const hasSomebody = async (asking: Asking, ports: SettlePorts): Promise<boolean> => (await whyNobody(asking, ports)) === undefined;

/** Why nobody could answer, for the agent and the person it tells; undefined where somebody can. */
async function whyNobody({ plan }: Asking, ports: SettlePorts): Promise<string | undefined> {
  const { page, approvers, now } = ports;
  const { kind, approvals: needed } = plan;
  if (kind === 'allow' || needed === 0) return undefined; // a typed phrase is enough
  const time = now();
  const facts = { planCreated: time, kind, waitHours: approvers.waitHours, level: page.level, now: time };
  const all = await known(page);
  if (all === undefined)
    return 'The list of approvers does not fit its seal, as if it had been edited by hand; nobody can approve, and nothing was sent. The operator has to look at the state folder (the command doctor says more).';
  const standings: readonly Standing[] = all.map((it) => standingOf(it, facts));
  const counting = standings.filter((it) => it === 'counts').length;
  if (counting >= needed) return undefined;
  const by = needed > 1 ? `${needed} different approvers` : 'An approver';
  const able = counting > 0 ? 'only one can' : all.length === 0 ? 'nobody is enrolled as one' : 'none counts for it yet';
  const begins = `${by} must agree to this call on the approvals page, and ${able}. Nothing was sent.`;
  const from = standings.flatMap((it) => (it !== 'counts' && it.countsFrom !== undefined ? [it.countsFrom] : [])).sort((a, b) => a - b);
  const enough = from[needed - counting - 1]; // when as many count as are needed
  if (enough !== undefined) return `${begins} Enough are enrolled, but counting for this only from ${secondsOf(enough)} on.`;
  const wait =
    kind === 'approve' && page.level === 'L0' && approvers.waitHours > 0
      ? ` A new one counts for this after ${approvers.waitHours} hours.`
      : '';
  return `${begins}${wait} A person enrols one, with a passkey and in a terminal of their own. Show the user the command for it, and do not run it yourself: ${page.enrol}`;
}

const secondsOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** Undefined for a list that was tampered with. */
async function known(page: PageChannel): Promise<readonly Approver[] | undefined> {
  try {
    return await page.approvers();
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

const codeText = ({ kind, code }: PlanRecord): string => (kind === 'approve' ? ` The page asks the person for this code: ${code}.` : '');

function pendingText(plan: PlanRecord, url: string): string {
  return (
    `A person decides about this on the approvals page: ${url}${codeText(plan)} Show the user this address${plan.kind === 'approve' ? ' and code' : ''}, then stop. ` +
    'Only when the user says that it is done, make the same call with the same arguments again: it collects the outcome. Nothing was sent so far.'
  );
}

const linkText = (plan: PlanRecord): string =>
  `A person must decide about a change of an account on the approvals page of this server (tool ${plan.tool}).${codeText(plan)}`;
