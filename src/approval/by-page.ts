/** Asking by the approvals page: whether there is somebody to answer, the address, and a bounded wait for what they say. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlanRecord } from '../store/types.ts';
import type { Asker } from './ask.ts';
import { askingOf, overLimit } from './budgets.ts';
import { whyNobody } from './nobody.ts';
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
  const told = asked.fresh ? await offer(asked.plan, { address: url.address, pending, asker, ports }) : undefined;
  return told ?? collect(asked.plan, pending, { asker, signal, ports });
}

interface Offering {
  readonly address: string;
  readonly pending: Settled;
  readonly asker: Asker;
  readonly ports: SettlePorts;
}

/** Brings the address to the person; undefined: they may have it, and an answer can be waited for. */
async function offer(plan: PlanRecord, { address, pending, asker, ports }: Offering): Promise<Settled | undefined> {
  const { page, sealer } = ports;
  page.asked?.(plan, address);
  if (!asker.canUrl) return pending; // nobody can have the address yet
  const link = { message: linkText(plan), url: address, id: plan.id };
  if (!asker.show) return { kind: 'ask', plan, result: asker.poseLink(link, sealer.mint(plan.id, plan.principal)) };
  await asker.show(link, { timeoutMs: page.waitMs });
  return undefined;
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

const codeText = ({ kind, code }: PlanRecord): string => (kind === 'approve' ? ` The page asks the person for this code: ${code}.` : '');

function pendingText(plan: PlanRecord, url: string): string {
  return (
    `A person decides about this on the approvals page: ${url}${codeText(plan)} Show the user this address${plan.kind === 'approve' ? ' and code' : ''}, then stop. ` +
    'Only when the user says that it is done, make the same call with the same arguments again: it collects the outcome. Nothing was sent so far.'
  );
}

const linkText = (plan: PlanRecord): string =>
  `A person must decide about a change of an account on the approvals page of this server (tool ${plan.tool}).${codeText(plan)}`;
