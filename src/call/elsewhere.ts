/** The same call at another replica, which is at it or has died over it: nobody begins it anew until it is known how that ended. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { refuse, type Run } from './run.ts';
import { replayOf } from './uncollected.ts';

const UNDER_WAY =
  'Another server of this group has begun this very call and has not said how it ended; nothing was sent by this one. The same call made again in a minute tells what became of it.';

/** Before anything is read or asked. What a dead one left is settled here and now, as soon as it counts as dead. */
export async function toldElsewhere(request: string, run: Run): Promise<CallToolResult | undefined> {
  const first = await lookFor(request, run);
  if (first.told || !first.isOpen) return first.told;
  await run.ports.settle().catch(() => {}); // then it stays open
  const then = await lookFor(request, run);
  if (then.told || !then.isOpen) return then.told;
  return refuse(run, 'unknown', { text: `${UNDER_WAY} It may or may not be done by now.`, code: 'under_way' });
}

/** While this one waited for the lock, the same call may have ended after its client had gone, or another replica have died over it. */
export async function endedMeanwhile(
  request: string,
  run: Run,
): Promise<{ readonly outcome: 'replayed' | 'failed'; readonly answer: CallToolResult } | undefined> {
  const { told, isOpen } = await lookFor(request, run);
  if (told) return { outcome: 'replayed', answer: told };
  return isOpen ? { outcome: 'failed', answer: run.ports.answers.refusal('failed', UNDER_WAY) } : undefined;
}

/** In this order: an outcome is kept before its plan is over (call/reconcile.ts), so that one of the two is seen. */
async function lookFor(request: string, run: Run): Promise<{ readonly told: CallToolResult | undefined; readonly isOpen: boolean }> {
  const isOpen = await run.ports.store.plans.isUnderWay(request);
  return { told: await replayOf(request, run), isOpen };
}
