/** Wires the rooms together: settings and the outside world in, a factory for MCP servers out. The only place that does. */
import { randomBytes } from 'node:crypto';
import type { AuthInfo, CallToolResult, McpServerFactory } from '@modelcontextprotocol/server';
import { createFatigueWatch } from '../approval/fatigue.ts';
import { createSealer } from '../approval/seal.ts';
import type { PageChannel } from '../approval/settled.ts';
import { openEntry } from '../audit/entry.ts';
import type { Ledger } from '../audit/record.ts';
import { reconcile } from '../call/reconcile.ts';
import type { Ports } from '../call/run.ts';
import { inReach, scopesToAskFor } from '../call/scopes.ts';
import type { Caller } from '../caller.ts';
import { createShownTo, type SharedShown } from '../call/shown-to.ts';
import { createKratos } from '../client/kratos.ts';
import type { Send } from '../client/types.ts';
import type { Log } from '../lib/log.ts';
import { noMeter, type Meter } from '../lib/meter.ts';
import { VERSION } from '../lib/version.ts';
import type { Operation } from '../operation.ts';
import { handle } from '../pipeline.ts';
import { canEver } from '../policy/can-ever.ts';
import type { Policy } from '../policy/policy.ts';
import { withheld } from '../policy/withheld.ts';
import { resources } from '../resources/register.ts';
import { buildServer } from '../server/mcp.ts';
import { createAnswers } from '../shape/answer.ts';
import { createFlow } from '../shape/flow.ts';
import type { Kept, Reveals, Store } from '../store/types.ts';
import { createUncollected } from '../store/uncollected.ts';
import { operations } from '../tools/index.ts';
import { select } from '../tools/select.ts';

export interface Choices {
  readonly toolsets?: readonly string[] | undefined;
  readonly tools?: readonly string[] | undefined;
  /** Where the policy does not say. */
  readonly recoveryDelivery: 'page' | 'withhold' | 'reply';
  readonly defaultSchema: string;
  /** No tool that changes anything is offered, whatever the policy says. */
  readonly changesOff?: boolean;
  readonly maxResultTokens: number;
  readonly callTimeoutMs: number;
}

export interface Outside {
  /** The network or the sandbox. */
  readonly send: Send;
  /** The address that plans are sealed to and that people are shown. */
  readonly kratosUrl: string;
  readonly publicUrl?: string | undefined;
  readonly network: boolean;
  /** The policy in force; asked at each call. */
  readonly policy: () => Policy;
  /** What the operator should know about it; for the policy resource. */
  readonly policyNotice?: () => string | undefined;
  /** Who the agent acts for: on stdio always the same, over HTTP whom the token names. */
  readonly callerOf: (auth: AuthInfo | undefined) => Caller;
  readonly sealKey: Uint8Array;
  /** Keys before it, where they are rotated: what was minted under them still opens. */
  readonly olderSealKeys?: readonly Uint8Array[];
  readonly store: Store;
  readonly kept: Kept;
  readonly reveals: Reveals;
  readonly ledger: Ledger;
  readonly page: PageChannel;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long a form stays open. */
  readonly formMs?: number;
  /** What other replicas have shown; left out: there are none. */
  readonly shown?: SharedShown | undefined;
  /** How often to look for what replicas that died have left unfinished; left out: at the start. */
  readonly reconcileEveryMs?: number;
  /** Around each tool call, for traces. */
  readonly around?: <T>(tool: string, work: () => Promise<T>) => Promise<T>;
  /** Left out: nothing is counted. */
  readonly meter?: Meter;
}

/** Seconds; a file may set less. */
const LONGEST_RECOVERY_S = 3_600;

/** Throws `UsageError` where the choices name a toolset or a tool that is not there. */
export function assemble(choices: Choices, outside: Outside): McpServerFactory {
  const { kratosUrl, publicUrl, network, log, now, policy, store, reveals, ledger, page, formMs = 5 * 60_000 } = outside;
  const { around = (_, work) => work() } = outside;
  const offered = select(operations, {
    toolsets: choices.toolsets,
    tools: choices.tools,
    readOnly: policy().preset === 'read-only' || choices.changesOff === true,
  });
  const { callTimeoutMs, defaultSchema: defaultSchemaId } = choices;
  const kratos = createKratos({ send: outside.send, network, publicConfigured: publicUrl !== undefined, callTimeoutMs });
  const unexpected = (code: string, error: unknown) =>
    log.error('internal error', { code, kind: error instanceof Error ? error.name : typeof error });
  const nonce = () => randomBytes(16).toString('hex');
  const answers = createAnswers({ budget: choices.maxResultTokens, nonce, unexpected, hide: () => policy().hide });
  const recovery = () => policy().recovery ?? { deliver: choices.recoveryDelivery, maxLifetimeS: LONGEST_RECOVERY_S, returnTo: undefined };
  const common = {
    kratos,
    kratosName: kratosUrl,
    policy,
    settings: () => ({ defaultSchemaId, recovery: recovery() }),
    store,
    reveals,
    uncollected: createUncollected<CallToolResult>(outside.kept),
    answers,
  };
  const { ready, settle } = settling(() => reconcile(common, { operations, ledger }), outside);
  const ports: Ports = {
    ...common,
    withheld: (op) => withheld(op.secret, { deliver: recovery().deliver, publicUrl }),
    sealer: createSealer(outside.sealKey, kratosUrl, outside.olderSealKeys),
    page,
    formMs,
    flow: createFlow({ now }),
    fatigue: createFatigueWatch(now),
    shownTo: createShownTo(now, outside.shown),
    now,
    audit: ({ op, caller, client }) =>
      openEntry({ op, principal: caller.principal, client }, { ledger, log, now, meter: outside.meter ?? noMeter }),
    ready,
    settle,
  };
  const registerResources = resources({
    kratos,
    explain: answers.explain,
    clean: answers.clean,
    policy: () => ({ policy: policy(), recovery: recovery(), notice: outside.policyNotice?.() }),
  });
  const parts = {
    version: VERSION,
    operations: offered,
    isOffered: (op: Operation, caller: Caller) => inReach(caller, op) && canEver(policy(), op, caller),
    callerOf: outside.callerOf,
    scopesToAskFor: (call: Parameters<typeof scopesToAskFor>[0]) => scopesToAskFor(call, ports),
    handle: (call: Parameters<typeof handle>[0]) => around(call.op.name, () => handle(call, ports)),
    registerResources,
  };
  return (context) => buildServer(parts, context);
}

/** Longer than a lock outlives whoever died while holding it. */
const SETTLE_MS = 20_000;

/** What an earlier run, or another replica that died, left unfinished: at the start, again for as long as that fails, and now and then. */
function settling(work: () => Promise<void>, { log, store, reconcileEveryMs }: Outside): Pick<Ports, 'ready' | 'settle'> {
  let running: Promise<void> | undefined;
  // One at a time, over all replicas: what one has settled, the next one finds settled.
  const settle = () => store.locks.run(['reconcile'], work, { waitMs: SETTLE_MS });
  const ready = () =>
    (running ??= settle().catch((error: unknown) => {
      running = undefined;
      throw error;
    }));
  ready().catch(() => log.error('unfinished changes could not be settled: no change is made'));
  if (reconcileEveryMs !== undefined) setInterval(() => void settle().catch(() => {}), reconcileEveryMs).unref();
  return { ready, settle };
}
