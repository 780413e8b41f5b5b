/** `policy explain`: what a file says to calls, each planned as it would be, by reading; nothing is sent that changes anything. */
import { userInfo } from 'node:os';
import { readingContext } from '../call/execute.ts';
import { createKratos } from '../client/kratos.ts';
import { load, type Flags, type Settings } from '../config/load.ts';
import { InputError, KratosError } from '../errors.ts';
import { clean } from '../lib/text.ts';
import type { ChangeOperation, Operation } from '../operation.ts';
import { explain, explainRead, type Explained } from '../policy/judge.ts';
import { loadPolicy } from '../policy/load.ts';
import type { Policy } from '../policy/policy.ts';
import { verdictText } from '../policy/strictness.ts';
import { withheld } from '../policy/withheld.ts';
import { operations } from '../tools/index.ts';
import { callLines, wordsOf, type CallLine, type Read } from './policy-lines.ts';
import { asJson, asText, type Outcome } from './policy-outcome.ts';
import { print, printError } from './print.ts';
import { openWire, type Wire } from './wire.ts';

interface Explaining {
  readonly path: string;
  readonly json: boolean;
  readonly flags: Flags;
  readonly input: NodeJS.ReadableStream;
}

/** Exit code 0; 1 where an expectation is not met or a line is no call. Throws `UsageError`. */
export async function explainCalls({ path, json, flags, input }: Explaining): Promise<number> {
  const policy = await loadPolicy(path, operations);
  const { settings } = load(flags);
  const wire = await openWire(settings);
  const planner = plannerOf(policy, settings, wire);
  let wrong = 0;
  let lines = 0;
  try {
    for await (const line of callLines(input)) {
      lines += 1;
      const outcome = await outcomeOf(line, planner);
      if (outcome.kind === 'wrong' || outcome.met === false) wrong += 1;
      print(json ? asJson(outcome) : asText(outcome));
    }
  } finally {
    await wire.close();
  }
  if (lines === 0) printError('There was no call on standard input: one JSON object per line, {"tool": "…", "arguments": {…}}.');
  if (!json && wrong > 0) printError(`${wrong} of ${lines} calls did not come out as expected.`);
  return wrong > 0 || lines === 0 ? 1 : 0;
}

interface Planner {
  readonly policy: Policy;
  readonly principal: string;
  /** Undefined: the call would change nothing. Throws what an operation throws. */
  readonly explain: (op: Operation, input: Readonly<Record<string, unknown>>, who: Who) => Promise<Explained | undefined>;
}
interface Who {
  readonly principal: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly client: string;
  readonly at: Date;
}
const LONGEST_RECOVERY_S = 3_600;

function plannerOf(policy: Policy, settings: Settings, { send, network, publicUrl }: Wire): Planner {
  const { callTimeoutMs, defaultSchema: defaultSchemaId, recoveryDelivery: deliver } = settings;
  const kratos = createKratos({ send, network, publicConfigured: publicUrl !== undefined, callTimeoutMs });
  const recovery = policy.recovery ?? { deliver, maxLifetimeS: LONGEST_RECOVERY_S, returnTo: undefined };
  const { uid, username } = userInfo();
  const explainChange = async (op: ChangeOperation, input: Readonly<Record<string, unknown>>, who: Who) => {
    const because = withheld(op.secret, { deliver: recovery.deliver, publicUrl });
    if (because !== undefined) return withheldBy(policy, because);
    const plan = await op.plan(input, readingContext(op, { kratos, settings: { defaultSchemaId, recovery } }));
    if (plan.calls.length === 0) return undefined;
    const { effects, subjects, differences = [], count } = plan;
    return explain(policy, { tool: op.name, listed: op.effects, effects, subjects, differences, count, ...who });
  };
  return {
    policy,
    principal: `os:${uid}:${username}`,
    explain: async (op, input, who) =>
      op.kind === 'read' ? explainRead(policy, { tool: op.name, ...who }) : explainChange(op, input, who),
  };
}

const withheldBy = ({ confirmBy }: Policy, because: string): Explained => ({
  decision: {
    kind: 'deny',
    approvals: 0,
    rule: 'recovery/withhold',
    because,
    requires: { reason: false, ticket: undefined },
    others: false,
    confirmBy,
  },
  passedOver: [],
});

async function outcomeOf(line: Read, planner: Planner): Promise<Outcome> {
  const { number } = line;
  if (line.kind === 'wrong') return line;
  const { call } = line;
  const op = operations.find((it) => it.name === call.tool);
  if (op === undefined) return { kind: 'wrong', number, why: 'names no tool of this server. See ory-identity-mcp tools.' };
  const parsed = op.input.safeParse(call.arguments);
  if (!parsed.success) return { kind: 'wrong', number, why: `has arguments that ${op.name} does not take: ${wordsOf(parsed.error)}` };
  try {
    return told(number, call, await planner.explain(op, parsed.data, whoOf(call, planner)));
  } catch (error) {
    if (!(error instanceof InputError || error instanceof KratosError)) throw error;
    const said = error instanceof KratosError ? ` ${error.hint}` : error.quoted === undefined ? '' : ` (${error.quoted})`;
    return { kind: 'wrong', number, why: `cannot be planned: ${clean(`${error.message}${said}`, 300).text}` };
  }
}

const whoOf = ({ principal, claims, client, at }: CallLine, planner: Planner): Who => ({
  principal: principal ?? planner.principal,
  claims,
  client: client ?? '',
  at: at === undefined ? new Date() : new Date(at),
});

function told(number: number, { tool, expect }: CallLine, explained: Explained | undefined): Outcome {
  const verdict = explained === undefined ? 'unchanged' : verdictText(explained.decision);
  return { kind: 'told', number, tool, verdict, explained, expected: expect, met: expect === undefined ? undefined : expect === verdict };
}
