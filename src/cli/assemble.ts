/** Wires the rooms together: settings and the outside world in, a factory for MCP servers out. The only place that does. */
import { randomBytes } from 'node:crypto';
import type { CallToolResult, McpServerFactory } from '@modelcontextprotocol/server';
import { createSealer } from '../approval/seal.ts';
import { openEntry } from '../audit/entry.ts';
import { createKratos } from '../client/kratos.ts';
import type { Send } from '../client/types.ts';
import type { Log } from '../lib/log.ts';
import { createLocks } from '../lib/mutex.ts';
import { VERSION } from '../lib/version.ts';
import { handle, type Ports } from '../pipeline.ts';
import { judge } from '../policy/judge.ts';
import type { PresetName } from '../policy/presets.ts';
import { withheld } from '../policy/withheld.ts';
import { resources } from '../resources/register.ts';
import { buildServer } from '../server/mcp.ts';
import { createAnswers } from '../shape/answer.ts';
import { createPlans } from '../store/plans.ts';
import { createUncollected } from '../store/uncollected.ts';
import { operations } from '../tools/index.ts';
import { select } from '../tools/select.ts';

export interface Choices {
  readonly preset: PresetName;
  readonly toolsets?: readonly string[] | undefined;
  readonly tools?: readonly string[] | undefined;
  readonly recoveryDelivery: 'withhold' | 'reply';
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
  /** Who the agent acts for. */
  readonly principal: string;
  readonly log: Log;
  /** Milliseconds. */
  readonly now: () => number;
  /** How long a form stays open. */
  readonly formMs?: number;
}

/** Throws `UsageError` where the choices name a toolset or a tool that is not there. */
export function assemble(choices: Choices, outside: Outside): McpServerFactory {
  const { preset, recoveryDelivery, callTimeoutMs } = choices;
  const { kratosUrl, publicUrl, network, log, now, formMs = 5 * 60_000 } = outside;
  const offered = select(operations, { toolsets: choices.toolsets, tools: choices.tools, readOnly: preset === 'read-only' });
  const kratos = createKratos({ send: outside.send, network, publicConfigured: publicUrl !== undefined, callTimeoutMs });
  const unexpected = (code: string, error: unknown) =>
    log.error('internal error', { code, kind: error instanceof Error ? error.name : typeof error });
  const answers = createAnswers({ budget: choices.maxResultTokens, nonce: () => randomBytes(16).toString('hex'), unexpected });
  const sealer = createSealer(randomBytes(32), kratosUrl);
  const ports: Ports = {
    kratos,
    settings: { defaultSchemaId: choices.defaultSchema, recoveryDelivery },
    kratosName: kratosUrl,
    withheld: (op) => withheld(op.secret, { recoveryDelivery, publicUrl }),
    judge: (op, plan) => judge(preset, plan.effects, op.effects),
    sealer,
    settle: { plans: createPlans({ now, randomId: () => randomBytes(16).toString('base64url') }), sealer, formMs },
    locks: createLocks(),
    uncollected: createUncollected<CallToolResult>(now),
    answers,
    audit: ({ op, principal, client }) => openEntry(log, { op, principal, client }, now),
  };
  const registerResources = resources({
    kratos,
    explain: answers.explain,
    clean: answers.clean,
    policy: { preset, recoveryDelivery },
  });
  const parts = {
    version: VERSION,
    operations: offered,
    handle: (call: Parameters<typeof handle>[0]) => handle(call, ports),
    registerResources,
  };
  return (context) => buildServer({ ...parts, principal: outside.principal }, context);
}
