/** The contract of an operation: `read({…})` and `change({…})`, and what a plan is. */
import type { z } from 'zod';
import type { PathParams, ReadName, WriteName } from './client/endpoints.ts';
import type { CallInit, Kratos, Reply } from './client/types.ts';
import type { Said } from './lib/text.ts';

/**
 * What a change can do to an account, weakest first: `privilege` could give it more rights, `takeover` could hand it to somebody else,
 * `destructive` takes something away, `mass` concerns many at once.
 */
export const EFFECTS = ['write', 'privilege', 'takeover', 'destructive', 'mass'] as const;
export type ChangeEffect = (typeof EFFECTS)[number];
type Toolset = 'identities' | 'credentials' | 'sessions' | 'recovery' | 'schemas' | 'courier';

export interface Settings {
  /** The id of the schema that a create without `schema_id` gets. */
  readonly defaultSchemaId: string;
  /** Where recovery codes and links go: `withhold` refuses to make one, `reply` puts it into the tool result. */
  readonly recoveryDelivery: 'withhold' | 'reply';
}

export interface Context<Reads extends ReadName> {
  readonly kratos: Kratos<Reads>;
  readonly settings: Settings;
}

/** One write, as data. Only the pipeline sends it. */
export interface Call<N extends WriteName = WriteName> {
  readonly endpoint: N;
  readonly params: PathParams<N>;
  readonly init: Omit<CallInit, 'signal'>;
}
export const send = <N extends WriteName>(endpoint: N, params: PathParams<N>, init: Omit<CallInit, 'signal'> = {}): Call<N> => ({
  endpoint,
  params,
  init,
});

/** An identity that a plan concerns. */
export interface Target {
  readonly id: string;
  /** How a person knows it: what they sign in with, else a contact address, else a subject, else the id; as Kratos stores it. */
  readonly label: string;
}

export interface Plan<
  Effects extends ChangeEffect = ChangeEffect,
  Writes extends WriteName = WriteName,
  Result = Readonly<Record<string, unknown>>,
> {
  /** All that apply to this call; each is judged and the strictest verdict counts. */
  readonly effects: readonly Effects[];
  /** The identities concerned; writes to one of them go one after another. Empty where there is none yet. */
  readonly targets: readonly Target[];
  /** What a person types to agree. */
  readonly phrase: string;
  /** What a person is told, a line each: whom it concerns, what will happen. */
  readonly says: readonly Said[];
  /** What cannot be undone, for the same person. */
  readonly irreversible?: Said;
  /** For the agent, where nobody knows whether it was carried out: how to find out. Left out: read the account. */
  readonly ifUnknown?: string;
  /** What the person's yes depends on: when it differs at the time of sending, the plan is stale. */
  readonly watch: Readonly<Record<string, unknown>>;
  /** The exact writes, in order. None: the call would change nothing, `result` is the answer and nobody is asked. */
  readonly calls: readonly Call<Writes>[];
  /** What can be said without reading anything back; the answer of a call that changes nothing. */
  readonly result: Result;
}

interface Common<In extends z.ZodObject, Out extends z.ZodObject, Reads extends ReadName> {
  /** The API's operation id in snake_case. */
  readonly name: string;
  readonly title: string;
  /** One sentence for the agent (8–300 characters). Does not repeat what names and types say. */
  readonly summary: string;
  readonly toolset: Toolset;
  /** The endpoints it may read, by type and at run time. */
  readonly reads: readonly Reads[];
  readonly input: In;
  readonly output: Out;
  /** Arguments that work on a fresh sandbox. */
  readonly example: z.input<In>;
  /** The member of the result that holds the records: where a result over the budget is cut. */
  readonly records?: string & keyof z.input<Out>;
}

interface Read<In extends z.ZodObject, Out extends z.ZodObject, Reads extends ReadName> extends Common<In, Out, Reads> {
  readonly kind: 'read';
  run(input: z.output<In>, context: Context<Reads>): Promise<z.input<Out>>;
}

interface Change<
  In extends z.ZodObject,
  Out extends z.ZodObject,
  Reads extends ReadName,
  Writes extends WriteName,
  Effects extends ChangeEffect,
> extends Common<In, Out, Reads> {
  readonly kind: 'change';
  /** Everything that its calls can be; the plan of a call says which. */
  readonly effects: readonly Effects[];
  /** The endpoints its plans may call. */
  readonly writes: readonly Writes[];
  /** Whether the same call made again has no further effect. */
  readonly idempotent: boolean;
  /** Set where the reply of Kratos is a secret that signs someone in: refused unless the operator chose a delivery. */
  readonly secret?: 'recovery';
  plan(input: z.output<In>, context: Context<Reads>): Promise<Plan<NoInfer<Effects>, NoInfer<Writes>, NoInfer<z.input<Out>>>>;
  /** The result, out of Kratos' replies (one per call that was sent) and nothing else. Throws where a reply is not what it should be. */
  report?(replies: readonly Reply[], plan: NoInfer<Plan<Effects, Writes, z.input<Out>>>, settings: Settings): z.input<Out>;
  /** What is there now, read back. If it fails, the result stands and says so. */
  readBack?(result: NoInfer<z.input<Out>>, context: Context<Reads>): Promise<z.input<Out>>;
  /** After an ambiguous failure: true if reading proves that the change is there. Never sends anything. */
  landed?(plan: NoInfer<Plan<Effects, Writes, z.input<Out>>>, context: Context<Reads>): Promise<boolean>;
}

/** The same object with its schemas' types forgotten. Only the pipeline calls it, after parsing. */
export type ReadOperation = Read<z.ZodObject, z.ZodObject, ReadName>;
export type ChangeOperation = Change<z.ZodObject, z.ZodObject, ReadName, WriteName, ChangeEffect>;
export type Operation = ReadOperation | ChangeOperation;

// The pattern's only two casts: a typed specification in, the forgetful form out.
export function read<In extends z.ZodObject, Out extends z.ZodObject, const Reads extends ReadName>(
  specification: Omit<Read<In, Out, Reads>, 'kind'>,
): Operation {
  return { ...specification, kind: 'read' } as unknown as Operation;
}
export function change<
  In extends z.ZodObject,
  Out extends z.ZodObject,
  const Reads extends ReadName,
  const Writes extends WriteName,
  const Effects extends ChangeEffect,
>(specification: Omit<Change<In, Out, Reads, Writes, Effects>, 'kind'>): Operation {
  return { ...specification, kind: 'change' } as unknown as Operation;
}
