/** What a call carries along the corridor, and what it may reach. */
import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server';
import type { Asker } from '../approval/ask.ts';
import type { FatigueWatch } from '../approval/fatigue.ts';
import type { Sealer } from '../approval/seal.ts';
import type { PageChannel } from '../approval/settled.ts';
import type { CallOutcome, Entry } from '../audit/entry.ts';
import type { Caller } from '../caller.ts';
import type { EndpointName } from '../client/endpoints.ts';
import type { Kratos } from '../client/types.ts';
import { deepFreeze } from '../lib/freeze.ts';
import type { ChangeOperation, Operation, Plan, Settings } from '../operation.ts';
import type { Policy } from '../policy/policy.ts';
import type { Answers } from '../shape/answer.ts';
import type { Flow } from '../shape/flow.ts';
import type { PlanRecord, Reveals, Store, Uncollected } from '../store/types.ts';
import { readingContext } from './execute.ts';
import type { ShownTo } from './shown-to.ts';

export interface ToolCall {
  readonly op: Operation;
  /** Parsed by the operation's own schema. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Who the agent acts for. */
  readonly caller: Caller;
  /** The client's own name, self-reported: for the records, and for rules that may only raise. */
  readonly client: string;
  readonly asker: Asker;
  /** Ends with the client's request. */
  readonly signal: AbortSignal;
  /** Where the transport knows more: aborted when the answer could not be handed over, also after it was made. */
  readonly gone?: AbortSignal | undefined;
}

export interface Ports {
  readonly kratos: Kratos<EndpointName>;
  /** What a person is shown as the Kratos concerned. */
  readonly kratosName: string;
  /** The one in force; it may be another at the next call. */
  readonly policy: () => Policy;
  readonly settings: () => Settings;
  /** Refuses an operation as such, whatever its arguments, with the reason; undefined where there is none. */
  readonly withheld: (op: ChangeOperation) => string | undefined;
  readonly store: Store;
  readonly reveals: Reveals;
  readonly sealer: Sealer;
  readonly page: PageChannel;
  /** How long a form stays open. */
  readonly formMs: number;
  readonly uncollected: Uncollected<CallToolResult>;
  readonly answers: Answers;
  /** What was shown of whom, and whether it is about to be written elsewhere. */
  readonly flow: Flow;
  /** Whether people still read what they agree to. */
  readonly fatigue: FatigueWatch;
  /** Identities shown to a principal in the last hour. */
  readonly shownTo: ShownTo;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly audit: (call: ToolCall) => Entry;
  /** What an earlier run left unfinished is settled; until then no change begins. Where that failed, the next call tries again. */
  readonly ready: () => Promise<void>;
  /** The same for what others have left unfinished since. */
  readonly settle: () => Promise<void>;
}

export type Answer = CallToolResult | InputRequiredResult;

export interface Run<Op extends Operation = ChangeOperation> {
  readonly op: Op;
  readonly call: ToolCall;
  readonly ports: Ports;
  readonly entry: Entry;
  readonly policy: Policy;
}

export type Refusal = Extract<CallOutcome, 'failed' | 'declined' | 'expired' | 'stale' | 'denied' | 'pending' | 'unknown'>;
export interface Told {
  readonly text: string;
  readonly plan?: PlanRecord;
  /** The client answered, not the page. */
  readonly byClient?: true;
  /** What stood in the way, in a word for the ledger. */
  readonly code?: string;
}

/** Refuses, and says so in the record. */
export function refuse({ entry, ports }: Pick<Run, 'entry' | 'ports'>, outcome: Refusal, told: string | Told): CallToolResult {
  const { text, plan, byClient, code }: Told = typeof told === 'string' ? { text: told } : told;
  // Without a plan nobody was asked: an earlier no still holds.
  const source = byClient ? 'client' : outcome === 'declined' && plan !== undefined ? 'person' : 'server';
  entry.outcome(outcome, { decision_source: source, ...(plan && { plan_id: plan.id }), ...(code !== undefined && { error_code: code }) });
  return ports.answers.refusal(outcome, text);
}

interface Planning {
  readonly op: ChangeOperation;
  readonly call: Pick<ToolCall, 'input'>;
  readonly ports: Pick<Ports, 'kratos' | 'settings'>;
}

/** Reads what the call concerns; whatever comes out can't be changed any more. Without a signal: after the claim. */
export async function planOf({ op, call, ports }: Planning, signal?: AbortSignal): Promise<Plan> {
  return deepFreeze(await op.plan(call.input, readingContext(op, { kratos: ports.kratos, settings: ports.settings() }, signal)));
}

/** A time for people, to the second. */
export const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
