/**
 * `kill -9` of a replica at each point of a gated call, while others live: at most one write, one honest word to whoever makes the same call
 * at another replica, and what was left is settled by a living one, once. `REPLICA_ROUNDS` is how often each point is tried.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redisIsThere, startRedis, type RedisServer } from '../redis/server.ts';
import type { HttpPeer } from '../support/http.ts';
import type { Called } from '../support/peer.ts';
import { approve, onPage, startTeam, type Team } from './team.ts';
import type { Replica } from './replica.ts';

const ROUNDS = Number(process.env['REPLICA_ROUNDS'] ?? 1);
/** The dead one's last sign of life lapses after half a minute. */
const LIMIT_MS = 280_000;
/** So many at the same time: a machine that has more to do than it can makes the store seem slow, and calls are refused before the point. */
const LANES = 4;
const POLICY = `
version: 1
preset: standard
approvers:
  who: { groups: iam }
limits: { waiting_in_all: 500 }
recovery: { deliver: page }
`;

/** How far the call has come. */
type Reached = 'not asked' | 'asked' | 'agreed' | 'claimed' | 'sent' | 'carried out' | 'recorded';
const POINTS: readonly (readonly [string, Reached])[] = [
  ['while planning', 'not asked'],
  ['when asked', 'asked'],
  ['after the yes is stored', 'agreed'],
  ['before the claim is stored', 'agreed'],
  ['after the claim is stored', 'claimed'],
  ['before the write goes out', 'claimed'],
  ['when Kratos has received it', 'sent'],
  ['when Kratos has carried it out', 'carried out'],
  ['before the outcome is recorded', 'carried out'],
  ['after the outcome is recorded', 'carried out'],
  ['before the answer', 'recorded'],
];
const WRITTEN: ReadonlySet<Reached> = new Set(['sent', 'carried out', 'recorded']);
/** Claimed, and nobody wrote down how it ended. */
const LEFT: ReadonlySet<Reached> = new Set(['claimed', 'sent', 'carried out']);

/** `nobody`: policy allows the call. */
type Channel = 'form, 2026' | 'form, 2025' | 'page' | 'nobody';
const CHANNELS: readonly Channel[] = ['form, 2026', 'page', 'form, 2025'];

interface Scene {
  readonly team: Team;
  readonly point: string;
  readonly reached: Reached;
  readonly channel: Channel;
  /** Of the account that the call is about. */
  readonly id: string;
  readonly sub: string;
}
interface Call {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly write: string;
  /** Whether reading can show later that it was carried out. */
  readonly shows: boolean;
}
function callOf({ channel, id }: Scene): Call {
  if (channel === 'page')
    return { name: 'create_recovery_code_for_identity', args: { identity_id: id }, write: 'POST /admin/recovery/code', shows: false };
  if (channel !== 'nobody')
    return { name: 'delete_identity_sessions', args: { id }, write: `DELETE /admin/identities/${id}/sessions`, shows: true };
  const json_patch = [{ op: 'replace', path: '/traits/name/first', value: 'Anew' }];
  return { name: 'patch_identity', args: { id, json_patch }, write: `PATCH /admin/identities/${id}`, shows: false };
}

async function client({ team, channel, sub }: Scene, at: string): Promise<HttpPeer> {
  const elicitation = channel.startsWith('form') ? { elicitation: { form: {} } } : {};
  return team.its(at).peer({ era: channel === 'form, 2025' ? 'legacy' : 'modern', ...elicitation, token: await team.token(sub) });
}

/** What was heard, or undefined where it died first. */
const orDeath = async <T>(work: Promise<T>, { ended }: Replica): Promise<T | undefined> =>
  Promise.race([work.catch(() => undefined), ended.then(() => undefined)]);

type Asked = Awaited<ReturnType<HttpPeer['once']>>;

/** A call at a replica that dies at the point. Answers what the client holds in its hand then. */
async function die(scene: Scene): Promise<Asked | undefined> {
  const { team, point, id, channel } = scene;
  const dying = await team.start(`dies-${id}`, { at: point, about: id });
  holds.set(id, { point, dying });
  const peer = await client(scene, dying.name);
  const first = await (channel === 'form, 2025' ? dieAnswering(scene, { peer, dying }) : dieAfterAsking(scene, { peer, dying }));
  const ended = await Promise.race([dying.ended, sleep(30_000)]);
  expect(ended, `${point}, ${channel}`).toEqual({ code: null, signal: 'SIGKILL' });
  holds.delete(id);
  return first;
}

interface Dying {
  readonly peer: HttpPeer;
  readonly dying: Replica;
}

/** All in one request. */
async function dieAnswering(scene: Scene, { peer, dying }: Dying): Promise<undefined> {
  const { name, args } = callOf(scene);
  if (scene.point === 'when asked') peer.person = () => void dying.kill();
  await orDeath(peer.call(name, args), dying);
}

async function dieAfterAsking(scene: Scene, { peer, dying }: Dying): Promise<Asked | undefined> {
  const { team, point, channel } = scene;
  const { name, args } = callOf(scene);
  const first = await orDeath(peer.once(name, args), dying);
  if (first === undefined || channel === 'nobody') return undefined;
  if (point === 'when asked') await dying.kill();
  else if (channel === 'form, 2026') await orDeath(peer.once(name, args, yesTo(first)), dying);
  else if (channel === 'page') {
    // The yes goes through the one that dies of it, and otherwise through another.
    const ended = point === 'after the yes is stored' ? dying.name : 'C';
    await orDeath(approve(team.browser(), onPage(first), { as: 'anna', shown: 'B', begun: 'C', ended }), dying);
    if (ended === 'C') await orDeath(peer.once(name, args), dying);
  }
  return first;
}

const yesTo = ({ state, phrase }: { readonly state: string | undefined; readonly phrase: string }) => ({
  requestState: state,
  inputResponses: { consent: { action: 'accept', content: { typed: phrase } } },
});

/** By account: who dies when Kratos hears of it. */
const holds = new Map<string, { readonly point: string; readonly dying: Replica }>();
const meddle: Team['kratos']['meddle'] = async ({ method, text }) => {
  const [id = ''] = [...holds.keys()].filter((it) => text.includes(it));
  const { point = '', dying } = holds.get(id) ?? {};
  const isIt = method === 'GET' ? point === 'while planning' : point.startsWith('when Kratos');
  if (dying === undefined || !isIt) return true;
  await dying.kill();
  return point === 'when Kratos has carried it out';
};

/** Makes the same call, answering what is asked, until it is told of the outcome of the first. */
async function toldOf(scene: Scene): Promise<Called> {
  const { name, args } = callOf(scene);
  const peers = await Promise.all(['B', 'C'].map((it) => client(scene, it)));
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await peers[tries % 2]?.once(name, args);
    if (answer?.meta[REPLAYED] === true) return answer;
    expect([answer?.outcome, answer?.isError], answer?.text).toEqual(['unknown', true]);
    await sleep(500);
  }
  throw new Error('nobody settled it');
}
const REPLAYED = 'ory-identity-mcp/replayed';

/** As a person would go on: whatever is asked, they agree. */
async function goOn(scene: Scene, first: Asked | undefined): Promise<Called> {
  const { team, channel } = scene;
  const { name, args } = callOf(scene);
  const onB = await client(scene, 'B');
  if (channel === 'form, 2026' && first?.state !== undefined && scene.reached === 'asked') return onB.once(name, args, yesTo(first));
  if (channel !== 'page') return onB.call(name, args); // whatever is asked
  if (scene.reached === 'agreed') return onB.once(name, args);
  const asked = onPage(first ?? (await onB.once(name, args)));
  await approve(team.browser(), asked, { as: 'dora', shown: 'B', begun: 'B', ended: 'C' });
  return onB.once(name, args);
}

async function survives(scene: Scene): Promise<void> {
  const { team, reached, id } = scene;
  const { write, shows, name, args } = callOf(scene);
  const first = await inLane(() => die(scene));
  const writes = () => team.kratos.writesTo(id);
  expect(writes()).toEqual(WRITTEN.has(reached) ? [write] : []);
  if (!LEFT.has(reached) && reached !== 'recorded') {
    const answer = await inLane(() => goOn(scene, first));
    expect(answer.outcome, `${scene.point}, ${scene.channel}: ${answer.text}`).toBe('executed');
    expect(writes()).toEqual([write]);
    return;
  }
  const before = writes();
  if (LEFT.has(reached)) {
    const told = await toldOf(scene);
    expect(told.outcome, told.text).toBe(reached === 'carried out' && shows ? 'executed' : 'unknown');
  }
  if (scene.channel === 'nobody') return;
  // Told once; from here on it is a new call, which somebody has to agree to, and does not.
  const onC = await client(scene, 'C');
  onC.person = () => ({ action: 'decline' });
  const again = await onC.once(name, args);
  expect(again.meta[REPLAYED]).toBe(undefined);
  expect(again.outcome).not.toBe('executed');
  expect(writes()).toEqual(before);
}

let free = LANES;
const waiting: (() => void)[] = [];
async function inLane<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  }
}

let redis: RedisServer;
const teams: Team[] = [];
beforeAll(async () => {
  if (redisIsThere()) redis = await startRedis();
});
afterAll(async () => {
  await Promise.all(teams.map((it) => it.close()));
  await redis?.stop();
});

/** People with a name: those who are signed in, and those who are not. */
async function accountsOf(team: Team): Promise<{ readonly signedIn: readonly string[]; readonly others: readonly string[] }> {
  const list = async (path: string) => (await (await fetch(new URL(path, team.kratos.url))).json()) as { id: string; traits?: object }[]; // Kratos' own
  const people = (await list('/admin/identities?page_size=100')).filter((it) => 'name' in (it.traits ?? {}));
  const sessions = await Promise.all(people.map(({ id }) => list(`/admin/identities/${id}/sessions?active=true`)));
  const ids = (has: boolean) => people.filter((_, n) => (sessions[n]?.length ?? 0) > 0 === has).map(({ id }) => id);
  return { signedIn: ids(true), others: ids(false) };
}

/** A call for each point, each about another account; and the same for calls that nobody has to agree to, once they are claimed. */
async function scenesOf(team: Team, round: number): Promise<readonly Scene[]> {
  const { signedIn, others } = await accountsOf(team);
  const gated = POINTS.map(([point, reached], n): Scene => {
    const [channel = 'page', id = ''] = [CHANNELS[(n + round) % 3], signedIn[n]];
    return { team, point, reached, channel, id, sub: `agent-${n}` };
  });
  const allowed = POINTS.filter(([, reached]) => LEFT.has(reached)).map(([point, reached], n): Scene => ({
    team,
    point,
    reached,
    channel: 'nobody',
    id: others[n] ?? '',
    sub: `allowed-${n}`,
  }));
  return [...gated, ...allowed];
}

describe.runIf(redisIsThere())('a replica dies', () => {
  test.concurrent.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    'at each point of a call, round %i',
    { timeout: LIMIT_MS },
    async (round) => {
      const team = await inLane(() => startTeam({ store: `${redis.url}/${round}`, policy: POLICY, names: ['B', 'C'] }));
      teams.push(team);
      team.kratos.meddle = meddle;
      const scenes = await scenesOf(team, round);
      expect(new Set(scenes.map((it) => it.id)).size).toBe(scenes.length);
      const survived = await Promise.allSettled(scenes.map(survives)); // to their ends, before anything is taken away
      for (const it of survived) if (it.status === 'rejected') throw it.reason;

      const records = await team.records();
      const left = scenes.filter((it) => LEFT.has(it.reached)).map((it) => it.id);
      const reconciled = records.filter((it) => it.event === 'reconciled');
      expect(reconciled.flatMap((it) => it.target_ids ?? []).toSorted()).toEqual(left.toSorted());
      const intents = records.filter((it) => it.event === 'intent').map((it) => it.plan_id);
      expect(new Set(intents).size).toBe(intents.length);
      for (const it of team.all()) if (it.name.length === 1) expect((await it.stop()).code).toBe(0);
      const verified = await team.run(['audit', 'verify', ...team.folders()], 'B');
      expect([verified.code, verified.stderr], verified.stdout).toEqual([0, '']);
    },
  );
});
