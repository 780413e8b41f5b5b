/** The clients of the load test: who reads, and who makes changes that a person is asked about. Each goes on until it is called off. */
import { setTimeout as pause } from 'node:timers/promises';
import { phraseOf, Refused, type Answer, type Client, type ToolResult } from './client.ts';
import type { Tally } from './tally.ts';
import type { Person } from './wire.ts';

export interface Life {
  readonly client: Client;
  readonly tally: Tally;
  readonly people: readonly Person[];
  /** Which of the clients. */
  readonly number: number;
  readonly isOver: () => boolean;
  /** What the marks of changes are to come to. */
  readonly ledger: Ledger;
}
/** By mark: how many writes there may be of it. */
export type Ledger = Map<string, readonly number[]>;
const ONE = [1];
const NONE = [0];
const UNCERTAIN = [0, 1];

const anyOf = <T>(all: readonly T[]): T => {
  const it = all[Math.floor(Math.random() * all.length)];
  if (it === undefined) throw new Error('an empty list');
  return it;
};
const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;

/** Every id in it that is one of the people's; theirs are enough to tell whom an answer is about. */
const idsIn = (result: ToolResult, known: ReadonlySet<string>): readonly string[] =>
  [...new Set(JSON.stringify(result).match(UUID) ?? [])].filter((it) => known.has(it));

export async function read({ client, tally, people, isOver }: Life, era: 'modern' | 'legacy'): Promise<void> {
  const known = new Set(people.map((it) => it.id));
  const call = (name: string, args: Readonly<Record<string, unknown>>) =>
    era === 'modern' ? client.call({ name, args }) : client.callLegacy({ name, args });
  while (!isOver()) {
    const person = anyOf(people);
    const byEmail = Math.random() < 0.3;
    const began = performance.now();
    const result = await (
      byEmail ? call('list_identities', { credentials_identifier: person.email }) : call('get_identity', { id: person.id })
    ).catch((error: unknown) => failed(error, tally));
    tally.took(`read, ${era}`, performance.now() - began);
    if (result !== undefined) check(result, { person, known, tally });
    await pause(Math.random() * 400);
  }
}

interface Checked {
  readonly person: Person;
  readonly known: ReadonlySet<string>;
  readonly tally: Tally;
}

function check(result: ToolResult, { person, known, tally }: Checked): void {
  const ids = idsIn(result, known);
  if (ids.some((it) => it !== person.id)) tally.accuse(`asked for ${person.id}, and was answered about ${ids.join(', ')}`);
  if (result.isError === true) return tally.ended(`read: ${outcomeOf(result)}`);
  tally.ended('read: answered');
  const text = JSON.stringify(result.structuredContent);
  if (!text.includes(person.id) || !text.includes(person.email))
    tally.accuse(`asked for ${person.id}, and was answered ${text.slice(0, 300)}`);
}

const outcomeOf = ({ _meta, content }: ToolResult): string =>
  typeof _meta?.['ory-identity-mcp/outcome'] === 'string' ? _meta['ory-identity-mcp/outcome'] : (content?.[0]?.text?.slice(0, 80) ?? '');

/** The network, or a refusal: counted, and nothing to check. */
function failed(error: unknown, tally: Tally): undefined {
  tally.ended(
    error instanceof Refused ? `refused: ${error.message}` : `broken off: ${error instanceof Error ? error.name : String(error)}`,
  );
  return undefined;
}

type Mood = 'agrees' | 'declines' | 'leaves' | 'answers and leaves';
const MOODS: readonly Mood[] = ['agrees', 'agrees', 'agrees', 'agrees', 'agrees', 'declines', 'declines', 'leaves', 'answers and leaves'];

/** Mostly on its own account, sometimes on one that others change, too. */
function change({ people, number }: Life, turn: number) {
  const person = Math.random() < 0.1 ? people[0] : people[number % people.length];
  const mark = `mark-${number}-${turn}`;
  const args = { id: person?.id, json_patch: [{ op: 'add', path: '/metadata_admin/load', value: mark }] };
  return { mark, call: { name: 'patch_identity', args } };
}

const answerOf = (mood: Mood, phrase: string): Answer =>
  mood === 'declines' ? { action: 'decline' } : { action: 'accept', content: { typed: phrase } };
const thinking = () => pause(Math.random() * 300);

/** 2026-07-28: asked in the answer, answers by the same call again. */
export async function changeModern(life: Life): Promise<void> {
  for (let turn = 0; !life.isOver(); turn += 1) {
    const { mark, call } = change(life, turn);
    const mood = anyOf(MOODS);
    life.ledger.set(mark, NONE);
    const began = performance.now();
    const first = await life.client.call(call).catch((error: unknown) => failed(error, life.tally));
    life.tally.took('question, modern', performance.now() - began);
    const form = first?.inputRequests?.consent?.params;
    if (first === undefined || form === undefined || first.requestState === undefined) {
      if (first !== undefined) conclude(life, mark, first);
      continue;
    }
    await thinking();
    if (mood === 'leaves') life.tally.ended('change: left unanswered');
    else
      await secondLeg(life, {
        mark,
        mood,
        leg: { ...call, again: { requestState: first.requestState, answer: answerOf(mood, phraseOf(form)) } },
      });
  }
}

interface Second {
  readonly mark: string;
  readonly mood: Mood;
  readonly leg: Parameters<Client['call']>[0];
}

async function secondLeg(life: Life, { mark, mood, leg }: Second): Promise<void> {
  const leaving = new AbortController();
  if (mood !== 'declines') life.ledger.set(mark, UNCERTAIN);
  if (mood === 'answers and leaves') setTimeout(() => leaving.abort(), Math.random() * 15);
  const began = performance.now();
  const result = await life.client.call({ ...leg, signal: leaving.signal }).catch((error: unknown) => failed(error, life.tally));
  if (mood === 'agrees') life.tally.took('carried out, modern', performance.now() - began);
  if (result !== undefined) conclude(life, mark, result);
}

/** 2025-11-25: asked within the call, in a session. */
export async function changeInSession(life: Life): Promise<void> {
  const { client, tally, ledger, isOver } = life;
  await client.openSession();
  for (let turn = 0; !isOver(); turn += 1) {
    const { mark, call } = change(life, turn);
    const mood = anyOf(MOODS);
    ledger.set(mark, NONE);
    const leaving = new AbortController();
    const person = async (form: Parameters<typeof phraseOf>[0]): Promise<Answer | undefined> => {
      await thinking();
      if (mood === 'leaves') {
        leaving.abort();
        return undefined;
      }
      if (mood !== 'declines') ledger.set(mark, UNCERTAIN);
      if (mood === 'answers and leaves') setTimeout(() => leaving.abort(), Math.random() * 15);
      return answerOf(mood, phraseOf(form));
    };
    const began = performance.now();
    const result = await client.callLegacy({ ...call, signal: leaving.signal }, person).catch((error: unknown) => failed(error, tally));
    if (mood === 'agrees') tally.took('whole change, session', performance.now() - began);
    if (result !== undefined) conclude(life, mark, result);
  }
  const after = await client.endSession();
  if (after !== 404) tally.accuse(`a session that was ended answered ${after}`);
}

/** What the answer says is what there must be. */
function conclude({ tally, ledger }: Life, mark: string, result: ToolResult): void {
  const outcome = result.isError === true ? outcomeOf(result) : 'executed';
  tally.ended(`change: ${outcome}`);
  ledger.set(mark, outcome === 'executed' ? ONE : outcome === 'unknown' ? UNCERTAIN : NONE);
}
