/** Putting a question before a person by the client: its form, or an address that it opens. The only place that knows the two protocol eras. */
import {
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  inputResponse,
  type ClientCapabilities,
  type InputRequiredResult,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Question } from './question.ts';

export type Era = 'legacy' | 'modern';

/** What became of a question. `none`: no answer came with this request. `void`: something came that is no answer. */
export type Answered =
  | { readonly kind: 'accept'; readonly content: unknown }
  | { readonly kind: 'decline' | 'cancel' | 'timeout' | 'gone' | 'none' | 'void' };

/** A caller of one tool call, as far as asking goes. */
export interface Asker {
  /** Whether a form can be put before a person at all. */
  readonly canForm: boolean;
  /** Whether the client opens an address for the person. What it says about that is never an answer to the question. */
  readonly canUrl: boolean;
  /** 2026-07-28: the state that came back with this request, unchecked. 2025-era requests carry none. */
  readonly state: unknown;
  /** 2026-07-28: the answer that came with this request. */
  readonly answer: Answered;
  /** 2025-era: asks within the call and waits. Undefined on 2026-07-28, where the question is returned instead. */
  readonly ask: ((question: Question, timeoutMs: number) => Promise<Answered>) | undefined;
  /** 2026-07-28: the result that carries the question. */
  pose(question: Question, state: string): InputRequiredResult;
  /** 2025-era: has the client offer the address, and waits until the person took notice or `signal` ends. Undefined on 2026-07-28. */
  readonly show: ((link: Link, options: { readonly timeoutMs: number }) => Promise<void>) | undefined;
  /** 2026-07-28: the result that carries the address. */
  poseLink(link: Link, state: string): InputRequiredResult;
  /** Progress while a person thinks, where the client gave a token; call what comes back to end it. */
  keepAlive(): () => void;
}

/** An address that the person opens. */
export interface Link {
  readonly message: string;
  readonly url: string;
  readonly id: string;
}

const KEY = 'consent';
const PROGRESS_MS = 10_000;

// No default, no checkbox: something must be typed that only a reader of the message knows.
function formOf({ message, title, requires }: Question) {
  const text = (its: string) => ({ type: 'string' as const, title: its });
  const properties = {
    typed: text(title),
    ...(requires.reason && { reason: text('Your reason') }),
    ...(requires.ticket !== undefined && { ticket: text(`The ticket (${requires.ticket})`) }),
  };
  return { message, requestedSchema: { type: 'object' as const, properties, required: Object.keys(properties) } };
}

/** `elicitation: {}` means form only (2025-06-18); a client that declares only `url` has no form. */
function declaresForm(capabilities: ClientCapabilities | undefined): boolean {
  const elicitation = capabilities?.elicitation;
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

export function askerOf(era: Era, server: McpServer, ctx: ServerContext): Asker {
  const common = {
    pose: (question: Question, requestState: string) =>
      inputRequired({ inputRequests: { [KEY]: inputRequired.elicit(formOf(question)) }, requestState }),
    poseLink: ({ message, url }: Link, requestState: string) =>
      inputRequired({ inputRequests: { [KEY]: inputRequired.elicitUrl({ message, url }) }, requestState }),
    keepAlive: () => keepAlive(ctx),
  };
  if (era === 'legacy') {
    // Whatever a 2025-era request carries in `inputResponses` or `requestState` is nothing to us.
    const declared = server.server.getClientCapabilities();
    const nothing = { state: undefined, answer: { kind: 'none' } } as const;
    return {
      ...common,
      ...nothing,
      canForm: declaresForm(declared),
      canUrl: declared?.elicitation?.url !== undefined,
      ask: (question, ms) => elicit(ctx, question, ms),
      show: (link, { timeoutMs }) => offer(ctx, link, timeoutMs),
    };
  }
  const envelope: Readonly<Record<string, unknown>> | undefined = ctx.mcpReq.envelope;
  const declared = envelope?.[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined; // validated by the SDK's envelope schema
  return {
    ...common,
    canForm: declaresForm(declared),
    canUrl: declared?.elicitation?.url !== undefined,
    state: ctx.mcpReq.requestState(),
    answer: answerIn(ctx),
    ask: undefined,
    show: undefined,
  };
}

/** Whether the person followed the address, said no to it or never saw it makes no difference: the page alone takes answers. */
async function offer(ctx: ServerContext, { message, url, id }: Link, timeout: number): Promise<void> {
  try {
    const params = { mode: 'url' as const, message, url, elicitationId: id };
    await ctx.mcpReq.send({ method: 'elicitation/create', params }, { timeout, signal: ctx.mcpReq.signal });
  } catch {
    // the tool's answer says the address, too
  }
}

function answerIn({ mcpReq }: ServerContext): Answered {
  if (mcpReq.inputResponses === undefined) return { kind: 'none' };
  const said = inputResponse(mcpReq.inputResponses, KEY);
  if (said.kind !== 'elicit') return { kind: 'void' };
  return said.action === 'accept' ? { kind: 'accept', content: said.content } : { kind: said.action };
}

/** Sends `elicitation/create` with a time-out of ours. The SDK's `elicitInput` is not used: it turns a void answer into an exception. */
async function elicit(ctx: ServerContext, question: Question, timeoutMs: number): Promise<Answered> {
  const stop = keepAlive(ctx);
  const { signal } = ctx.mcpReq;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
  }, timeoutMs).unref();
  try {
    const result = await ctx.mcpReq.send({ method: 'elicitation/create', params: { ...formOf(question) } }, { timeout: timeoutMs, signal });
    if (signal.aborted) return { kind: 'gone' };
    return result.action === 'accept' ? { kind: 'accept', content: result.content } : { kind: result.action };
  } catch {
    // The kinds of failure are told apart by what we know, not by the SDK's words: our clock, the caller's signal, else a void answer.
    if (signal.aborted) return { kind: 'gone' };
    return { kind: late ? 'timeout' : 'void' };
  } finally {
    clearTimeout(timer);
    stop();
  }
}

/** Progress while a person thinks, where the client gave a token, so that the call is not taken for a hung one. Ends with the question. */
function keepAlive(ctx: ServerContext): () => void {
  const progressToken = ctx.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return () => {};
  let progress = 0;
  const beat = () => {
    progress += 1;
    const params = { progressToken, progress, message: 'Waiting for a person to answer' };
    ctx.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {}); // the client has gone: the question's own end tells
  };
  beat();
  const timer = setInterval(beat, PROGRESS_MS).unref();
  return () => clearInterval(timer);
}
