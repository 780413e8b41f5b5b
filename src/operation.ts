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
  /** Where recovery codes and links go. */
  readonly recovery: RecoverySettings;
}

export interface RecoverySettings {
  /** `page`: to the approver, on the approvals page; `withhold`: none is made; `reply`: into the tool result. */
  readonly deliver: 'page' | 'withhold' | 'reply';
  /** Seconds that a code or link may live at most. */
  readonly maxLifetimeS: number;
  /** Origins that a recovery link may lead to. Undefined: policy says nothing, Kratos' own list decides. */
  readonly returnTo: readonly string[] | undefined;
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

/** An account as policy sees it: as it is, as it would be, or as it is to be created. Never shown, never sealed. */
export interface Subject {
  readonly id?: string | undefined;
  readonly external_id?: string | undefined;
  readonly state?: string | undefined;
  readonly schema_id?: string | undefined;
  readonly organization_id?: string | undefined;
  readonly traits?: unknown;
  readonly metadata_public?: unknown;
  readonly metadata_admin?: unknown;
  /** Whether any of its addresses is verified. Undefined: nobody can tell yet. */
  readonly verified?: boolean | undefined;
}

/** One value that a call makes different. `undefined`: not there. */
export interface Difference {
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
  /** What this difference alone would count as. */
  readonly effect: ChangeEffect;
}

/** A secret on its way to a person. */
export interface Reveal {
  /** By what it is called on the page (`Recovery code`). */
  readonly values: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What of a takeover chain a call is: another address or second factor, or a way in by recovery. */
export type ChainLink = 'contact' | 'second_factor' | 'recovery';

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
  /** The accounts as policy sees them, before and after; each is judged and the strictest verdict counts. */
  readonly subjects: readonly Subject[];
  /** Value by value, where the call changes values of an account. */
  readonly differences?: readonly Difference[];
  /** How many accounts it concerns. */
  readonly count: number;
  /** Left out: none. */
  readonly chain?: readonly ChainLink[];
  /**
   * When (milliseconds since 1970) contact data of the target last changed, by whomever, as far as the times of its addresses show it; an
   * address as old as its identity is no change. Left out: no change is seen.
   */
  readonly contactChangedAt?: number;
  /** A batch: how many accounts there are in all, if Kratos tells. */
  readonly ofAll?: number;
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
  /** What of the replies must go to the person who approved, and to nobody else, where the operator chose delivery by the page. */
  reveal?(replies: readonly Reply[]): Reveal;
  /** What is there now, read back. If it fails, the result stands and says so. */
  readBack?(result: NoInfer<z.input<Out>>, context: Context<Reads>): Promise<z.input<Out>>;
  /** After an ambiguous failure: true if reading proves that the change is there. Never sends anything. */
  landed?(plan: NoInfer<Plan<Effects, Writes, z.input<Out>>>, context: Context<Reads>): Promise<boolean>;
  /**
   * After a restart, of a call that was claimed and whose outcome nobody knows: true if reading proves that it was carried out. `ids` are
   * the path parameters of its first call; nothing else outlives the process. Never sends anything.
   */
  reconcile?(ids: Readonly<Record<string, string>>, context: Context<Reads>): Promise<boolean>;
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
