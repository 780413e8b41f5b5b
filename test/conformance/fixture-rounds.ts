/** What the conformance suite calls by name and has to answer before it gets its result: the 2026-07-28 era's way of asking. */
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  type CallToolResult,
  type ClientCapabilities,
  type InputRequests,
  type InputRequiredResult,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { randomBytes } from 'node:crypto';
import { NOTHING, text } from './fixture-tools.ts';

interface State {
  readonly tool: string;
  readonly round?: number;
  readonly name?: string;
}

/** One for the process: each request is served by a fresh server. */
const codec = createRequestStateCodec<State & { readonly nonce: string }>({ key: randomBytes(32) });
export const verifyState: typeof codec.verify = (state, ctx) => codec.verify(state, ctx);
const mint = (state: State) => codec.mint({ ...state, nonce: randomBytes(8).toString('hex') });

type Round = (ctx: ServerContext) => CallToolResult | InputRequiredResult | Promise<CallToolResult | InputRequiredResult>;

/** A form of one required field, a text. */
export const form = (message: string, field: string) =>
  inputRequired.elicit({ message, requestedSchema: { type: 'object', properties: { [field]: { type: 'string' } }, required: [field] } });
const CONFIRM = inputRequired.elicit({
  message: 'Please confirm',
  requestedSchema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
});
const sampled = (question: string) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: question } }], maxTokens: 100 });

const accepted = ({ mcpReq }: ServerContext, key: string): Readonly<Record<string, unknown>> | undefined =>
  acceptedContent<Record<string, unknown>>(mcpReq.inputResponses, key);
/** What answered a question that is no form; checked by nobody. */
const answered = <T>({ mcpReq }: ServerContext, key: string): T | undefined => mcpReq.inputResponses?.[key] as T | undefined; // the suite's own client

interface Sampled {
  readonly content?: { readonly text?: string };
}
interface Roots {
  readonly roots?: readonly { readonly uri?: string }[];
}

const NAME = form('What is your name?', 'name');

const ROUNDS: Readonly<Record<string, Round>> = {
  test_missing_capability: (ctx) =>
    answered(ctx, 'llm_answer') === undefined
      ? inputRequired({ inputRequests: { llm_answer: sampled('Reply with the single word: pong') } })
      : text('sampled'),

  test_input_required_result_elicitation: (ctx) => {
    const name = accepted(ctx, 'user_name')?.['name'];
    return typeof name === 'string' ? text(`Hello, ${name}!`) : inputRequired({ inputRequests: { user_name: NAME } });
  },

  test_input_required_result_sampling: (ctx) => {
    const said = answered<Sampled>(ctx, 'capital_question');
    if (said === undefined) return inputRequired({ inputRequests: { capital_question: sampled('What is the capital of France?') } });
    return text(`Sampling response: ${said.content?.text ?? JSON.stringify(said)}`);
  },

  test_input_required_result_list_roots: (ctx) => {
    const roots = answered<Roots>(ctx, 'client_roots')?.roots;
    if (roots === undefined) return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
    return text(`${roots.length} root(s): ${roots.map((it) => it.uri).join(', ')}`);
  },

  test_input_required_result_request_state: async (ctx) => {
    const state = ctx.mcpReq.requestState<State>();
    if (accepted(ctx, 'confirm') !== undefined && state !== undefined) return text('state-ok: it came back unchanged');
    const requestState = await mint({ tool: 'request_state' });
    return inputRequired({ inputRequests: { confirm: CONFIRM }, requestState });
  },

  test_input_required_result_tampered_state: async (ctx) => {
    if (accepted(ctx, 'confirm') !== undefined && ctx.mcpReq.requestState() !== undefined) return text('integrity-ok');
    const requestState = await mint({ tool: 'tampered_state' });
    return inputRequired({ inputRequests: { confirm: CONFIRM }, requestState });
  },

  test_input_required_result_multiple_inputs: async (ctx) => {
    const name = accepted(ctx, 'user_name')?.['name'];
    const greeting = answered<Sampled>(ctx, 'greeting')?.content?.text;
    const roots = answered<Roots>(ctx, 'client_roots')?.roots;
    if (typeof name === 'string' && greeting !== undefined && roots !== undefined)
      return text(`${greeting} ${name}, ${roots.length} root(s)`);
    const requestState = await mint({ tool: 'multiple_inputs' });
    const inputRequests = { user_name: NAME, greeting: sampled('Generate a greeting'), client_roots: inputRequired.listRoots() };
    return inputRequired({ inputRequests, requestState });
  },

  /** What round it is stands in the state: nothing else outlives a request. */
  test_input_required_result_multi_round: async (ctx) => {
    const state = ctx.mcpReq.requestState<State>();
    if (state?.round === undefined) {
      const requestState = await mint({ tool: 'multi_round', round: 1 });
      return inputRequired({ inputRequests: { step1: form('Step 1: What is your name?', 'name') }, requestState });
    }
    if (state.round === 1) {
      const name = String(accepted(ctx, 'step1')?.['name']);
      const requestState = await mint({ tool: 'multi_round', round: 2, name });
      return inputRequired({ inputRequests: { step2: form('Step 2: What is your favourite colour?', 'color') }, requestState });
    }
    return text(`${state.name} likes ${String(accepted(ctx, 'step2')?.['color'])}`);
  },

  /** Asks for nothing that the client did not declare. */
  test_input_required_result_capabilities: (ctx) => {
    if (ctx.mcpReq.inputResponses !== undefined) return text('asked and answered');
    const declared = (ctx.mcpReq.envelope as Record<string, unknown> | undefined)?.[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities; // published as `{}`
    const inputRequests: InputRequests = {
      ...(declared.elicitation && { user_name: NAME }),
      ...(declared.sampling && { greeting: sampled('Generate a short greeting') }),
      ...(declared.roots && { client_roots: inputRequired.listRoots() }),
    };
    return Object.keys(inputRequests).length === 0 ? text('this client can be asked nothing') : inputRequired({ inputRequests });
  },
};

export function registerRounds(server: McpServer): void {
  for (const [name, round] of Object.entries(ROUNDS)) {
    server.registerTool(name, { description: `Asks before it answers: ${name.replace('test_', '')}`, inputSchema: NOTHING }, (_, ctx) =>
      round(ctx),
    );
  }
}
