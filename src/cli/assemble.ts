/** Wires the rooms together: settings and the outside world in, a factory for MCP servers out. The only place that does. */
import { randomBytes } from 'node:crypto';
import type { CallToolResult, McpServerFactory } from '@modelcontextprotocol/server';
import { createFatigueWatch } from '../approval/fatigue.ts';
import { createSealer } from '../approval/seal.ts';
import type { PageChannel } from '../approval/settled.ts';
import { openEntry } from '../audit/entry.ts';
import type { Ledger } from '../audit/record.ts';
import { reconcile } from '../call/reconcile.ts';
import type { Ports } from '../call/run.ts';
import { createShownTo } from '../call/shown-to.ts';
import { createKratos } from '../client/kratos.ts';
import type { Send } from '../client/types.ts';
import type { Log } from '../lib/log.ts';
import { VERSION } from '../lib/version.ts';
import { handle } from '../pipeline.ts';
import type { Policy } from '../policy/policy.ts';
import { withheld } from '../policy/withheld.ts';
import { resources } from '../resources/register.ts';
import { buildServer } from '../server/mcp.ts';
import { createAnswers } from '../shape/answer.ts';
import { createFlow } from '../shape/flow.ts';
import type { Reveals, Store } from '../store/types.ts';
import { createUncollected } from '../store/uncollected.ts';
import { operations } from '../tools/index.ts';
import { select } from '../tools/select.ts';

export interface Choices {
  readonly toolsets?: readonly string[] | undefined;
  readonly tools?: readonly string[] | undefined;
  /** Where the policy does not say. */
  readonly recoveryDelivery: 'page' | 'withhold' | 'reply';
  readonly defaultSchema: string;
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
  /** Who the agent acts for. */
  readonly principal: string;
  readonly sealKey: Uint8Array;
  readonly store: Store;
  readonly reveals: Reveals;
  readonly ledger: Ledger;
  readonly page: PageChannel;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long a form stays open. */
  readonly formMs?: number;
}

/** Seconds; a file may set less. */
const LONGEST_RECOVERY_S = 3_600;

/** Throws `UsageError` where the choices name a toolset or a tool that is not there. */
export function assemble(choices: Choices, outside: Outside): McpServerFactory {
  const { kratosUrl, publicUrl, network, log, now, policy, store, reveals, ledger, page, formMs = 5 * 60_000 } = outside;
  const offered = select(operations, { toolsets: choices.toolsets, tools: choices.tools, readOnly: policy().preset === 'read-only' });
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
    uncollected: createUncollected<CallToolResult>(now),
    answers,
  };
  const ready = reconcile(common, { operations, ledger });
  ready.catch(() => log.error('unfinished changes could not be settled: no change is made'));
  const ports: Ports = {
    ...common,
    withheld: (op) => withheld(op.secret, { deliver: recovery().deliver, publicUrl }),
    sealer: createSealer(outside.sealKey, kratosUrl),
    page,
    formMs,
    flow: createFlow({ now }),
    fatigue: createFatigueWatch(now),
    shownTo: createShownTo(now),
    now,
    audit: ({ op, principal, client }) => openEntry({ op, principal, client }, { ledger, log, now }),
    ready,
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
    handle: (call: Parameters<typeof handle>[0]) => handle(call, ports),
    registerResources,
  };
  return (context) => buildServer({ ...parts, principal: outside.principal }, context);
}
