/** Outcomes whose caller has gone: the same call made again gets its outcome once, instead of a second execution. */
import { setImmediate } from 'node:timers/promises';
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Run } from './run.ts';

/** The outcome of the same call that nobody collected: told once, instead of a second execution. */
export async function replayOf(request: string, { ports, entry }: Run): Promise<CallToolResult | undefined> {
  const kept = await ports.uncollected.take(request);
  if (!kept) return undefined;
  entry.outcome('replayed');
  return { ...kept, _meta: { ...kept._meta, 'ory-identity-mcp/replayed': true } };
}

/** For the same call made again, where nobody takes the answer: the client has gone, or goes before it is handed over. */
export async function keepUncollected(answer: CallToolResult, request: string, { call, ports }: Run): Promise<void> {
  const keep = () => ports.uncollected.keep(request, answer).catch(() => {}); // done is done
  if (call.signal.aborted) return keep();
  if (call.gone === undefined) return;
  await setImmediate(); // a goodbye that has come by now is heard
  if (call.gone.aborted) return keep();
  call.gone.addEventListener('abort', () => void keep(), { once: true });
}
