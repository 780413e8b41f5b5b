/**
 * What was shown of whom, and whether it is about to be written somewhere else: what an end user wrote can talk an agent into copying one
 * person's data into another's account, whose owner reads it there. In memory and bounded; a value that was encoded or taken apart before
 * it is written is not found. Pure but for the clock.
 */
import { clean } from '../lib/text.ts';
import { shownOf } from './shown-values.ts';

export interface FlowPorts {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Values remembered per principal; the oldest go first. */
  readonly maxStrings?: number;
  readonly keepMs?: number;
}

/** What is looked at of a plan. */
export interface Written {
  readonly targets: readonly { readonly id: string }[];
  /** The first is the account as it is, where there is one; those without an id are to be created. */
  readonly subjects: readonly WrittenSubject[];
  readonly differences?: readonly { readonly path: readonly string[]; readonly after: unknown }[];
}
interface WrittenSubject {
  readonly id?: string | undefined;
  readonly external_id?: string | undefined;
  readonly traits?: unknown;
  readonly metadata_public?: unknown;
  readonly metadata_admin?: unknown;
}

export interface Flow {
  /** Remembers what a result shows; the ids of the identities in it, each once. */
  readonly saw: (principal: string, result: unknown) => readonly string[];
  /** The id of an identity, none of the targets, of which a value is about to be written that the target does not have yet. */
  readonly copiedFrom: (principal: string, plan: Written) => string | undefined;
}

const MOST_PRINCIPALS = 100;
const DAY_MS = 24 * 3_600_000;

export function createFlow({ now, maxStrings = 20_000, keepMs = DAY_MS }: FlowPorts): Flow {
  const memories = new Map<string, Memory>();
  const memoryOf = (principal: string): Memory => {
    const memory = memories.get(principal) ?? new Memory(maxStrings, keepMs);
    memories.delete(principal); // the one used last stands last
    memories.set(principal, memory);
    const [oldest] = memories.keys();
    if (memories.size > MOST_PRINCIPALS && oldest !== undefined) memories.delete(oldest);
    return memory;
  };
  return {
    saw(principal, result) {
      const shown = shownOf(result);
      if (shown.length > 0) memoryOf(principal).remember(shown, now());
      return [...new Set(shown.filter((it) => it.isIdentity).map((it) => it.id))];
    },
    copiedFrom(principal, plan) {
      const memory = memories.get(principal);
      return memory === undefined ? undefined : copied(plan, memory, now());
    },
  };
}

function copied(plan: Written, memory: Memory, time: number): string | undefined {
  const targets = new Set(plan.targets.map((it) => it.id));
  const [first] = plan.subjects;
  const there = first?.id === undefined ? [] : textsOf(first).map(fold);
  for (const text of writtenBy(plan)) {
    const folded = fold(text);
    for (const { value, owners } of memory.findIn(folded, time)) {
      const isOwn = [...targets].some((it) => owners.has(it)) || there.some((it) => it.includes(value));
      const [owner] = owners.keys();
      if (!isOwn && owner !== undefined) return owner;
    }
  }
  return undefined;
}

/** Names as well as values: a name can carry somebody's address as well as a value can. */
function writtenBy({ differences, subjects }: Written): readonly string[] {
  if (differences === undefined) return subjects.filter((it) => it.id === undefined).flatMap(textsOf);
  return differences.flatMap(({ path: [facet = '', ...names], after }) =>
    after !== undefined && (FREE.has(facet) || names.at(-1) === 'value') ? [...names, ...texts(after)] : [],
  );
}

/** What can hold any text; of an address only its value can. States, and ids of schemas and organizations, are not looked at. */
const FREE: ReadonlySet<string> = new Set(['external_id', 'traits', 'metadata_public', 'metadata_admin']);

const textsOf = ({ external_id, traits, metadata_public, metadata_admin }: WrittenSubject): readonly string[] =>
  texts([external_id, traits, metadata_public, metadata_admin]);

function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => [...(Array.isArray(value) ? [] : [name]), ...texts(member)]);
}

const ASCII = /^[ -~]*$/;
/** As results show a text, without letter case. */
const fold = (text: string): string =>
  (ASCII.test(text) ? text : clean(text, Number.POSITIVE_INFINITY).text.normalize('NFC')).toLowerCase().trim();

/** Shorter ones are everybody's. */
const SHORTEST = 6;

interface Value {
  readonly value: string;
  /** Whose it is, with the time at which it was shown last. */
  readonly owners: Map<string, number>;
}

const BUCKETS = 1 << 16;
/** Of the six characters at a place, without making a text of them. */
function bucketAt(text: string, at: number): number {
  let hash = 0;
  for (let index = at; index < at + SHORTEST; index += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return (hash ^ (hash >>> 16)) & (BUCKETS - 1);
}

/**
 * Values by their first six characters, then by length, then as a whole: a text is searched by going along it once, with a look at a table
 * for each character, and where six of them are the beginning of a value one look-up for each length that such values have. So the number
 * of values hardly counts.
 */
class Memory {
  readonly #max: number;
  readonly #keepMs: number;
  /** All of them, the one shown last at the end. */
  readonly #values = new Map<string, Value>();
  /** How many values of each length begin so. */
  readonly #lengths = new Map<string, Map<number, number>>();
  /** How many beginnings fall into each bucket. */
  readonly #buckets = new Uint32Array(BUCKETS);

  constructor(max: number, keepMs: number) {
    this.#max = max;
    this.#keepMs = keepMs;
  }

  remember(shown: readonly { readonly id: string; readonly texts: readonly string[] }[], time: number): void {
    for (const { id, texts: seen } of shown) for (const text of seen) this.#add(fold(text), id, time);
    for (const [value] of this.#values) {
      if (this.#values.size <= this.#max) break;
      this.#forget(value);
    }
  }

  /** The remembered values that stand in it. */
  *findIn(text: string, time: number): Generator<Value> {
    for (let at = 0; at + SHORTEST <= text.length; at += 1) {
      if (this.#buckets[bucketAt(text, at)] === 0) continue;
      const lengths = this.#lengths.get(text.slice(at, at + SHORTEST));
      if (lengths === undefined) continue;
      for (const length of lengths.keys()) {
        const found = at + length <= text.length ? this.#values.get(text.slice(at, at + length)) : undefined;
        if (found !== undefined && this.#isKept(found, time)) yield found;
      }
    }
  }

  #add(value: string, owner: string, time: number): void {
    if (value.length < SHORTEST) return;
    const known = this.#values.get(value);
    if (known === undefined) this.#count(value, 1);
    const owners = known?.owners ?? new Map<string, number>();
    owners.set(owner, time);
    this.#values.delete(value);
    this.#values.set(value, { value, owners });
  }

  #isKept({ value, owners }: Value, time: number): boolean {
    for (const [owner, shownAt] of owners) if (time - shownAt > this.#keepMs) owners.delete(owner);
    if (owners.size === 0) this.#forget(value);
    return owners.size > 0;
  }

  #forget(value: string): void {
    this.#values.delete(value);
    this.#count(value, -1);
  }

  #count(value: string, by: 1 | -1): void {
    const beginning = value.slice(0, SHORTEST);
    const known = this.#lengths.get(beginning);
    const lengths = known ?? new Map<number, number>();
    const left = (lengths.get(value.length) ?? 0) + by;
    if (left > 0) lengths.set(value.length, left);
    else lengths.delete(value.length);
    if (known === undefined) this.#lengths.set(beginning, lengths);
    else if (lengths.size === 0) this.#lengths.delete(beginning);
    const change = known === undefined ? 1 : lengths.size === 0 ? -1 : 0;
    const bucket = bucketAt(value, 0);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + change;
  }
}
