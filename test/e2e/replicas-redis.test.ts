/**
 * A Redis that is slow, full, killed, restarted or emptied while three replicas serve: nothing is carried out twice, what would change
 * something is refused within a second, reads go on, and what heals it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { seed } from '../../src/seed.ts';
import { startProxy, type Proxy } from '../redis/proxy.ts';
import { redisIsThere, startRedis, type RedisServer } from '../redis/server.ts';
import type { HttpPeer } from '../support/http.ts';
import type { Called } from '../support/peer.ts';
import { approve, onPage, startTeam, type Team } from './team.ts';

const POLICY = `
version: 1
preset: standard
approvers:
  who: { groups: iam }
limits: { identities_read: 1000000, asked: 1000, waiting: 50, waiting_in_all: 500, destructive: 100, takeover: 100, recovery_per_target: 100 }
recovery: { deliver: page }
`;
const NAMES = ['A', 'B', 'C'] as const;
const LIMIT_MS = 100_000;
const FORM = { elicitation: { form: {} } } as const;
const RECOVERY = 'create_recovery_code_for_identity';
const SIGN_OUT = 'delete_identity_sessions';
const LATE_MS = 3_000;

interface Scene {
  readonly team: Team;
  readonly redis: RedisServer;
  readonly proxy: Proxy;
  readonly reads: Reads;
  readonly figures: { readonly refusedMs: number[]; healedMs: number };
}
interface Reads {
  /** Who is being restarted: nobody is sent there. */
  away: string | undefined;
  done: number;
  failed: number;
  slowestMs: number;
  readonly end: () => Promise<void>;
}

const scenes: Scene[] = [];
afterAll(async () => {
  for (const { team, proxy, redis } of scenes) {
    await team.close();
    await proxy.close();
    await redis.stop();
  }
});

async function begin(options: readonly string[]): Promise<Scene> {
  const redis = await startRedis({ options });
  const proxy = await startProxy(redis.port);
  const team = await startTeam({ store: `${proxy.url}/0`, policy: POLICY });
  const scene = { team, redis, proxy, reads: await reading(team), figures: { refusedMs: [], healedMs: 0 } };
  scenes.push(scene);
  return scene;
}

const clientAt = async (team: Team, name: string, sub: string, form = false): Promise<HttpPeer> =>
  team.its(name).peer({ era: 'modern', ...(form && FORM), token: await team.token(sub) });

/** Somebody looks things up at each of them, all the time. */
async function reading(team: Team): Promise<Reads> {
  let isOver = false;
  const reads: Reads = {
    away: undefined,
    done: 0,
    failed: 0,
    slowestMs: 0,
    async end() {
      isOver = true;
      await Promise.all(loops);
    },
  };
  const loop = async (name: string) => {
    for (; !isOver; await sleep(200)) {
      if (reads.away === name) continue;
      const begun = performance.now();
      const at = await clientAt(team, name, 'reader');
      const answer = await Promise.race([at.once('get_identity', { id: seed.ada }).catch(() => undefined), sleep(10_000)]);
      reads.done += 1;
      if (answer?.structured?.['id'] !== seed.ada) reads.failed += 1;
      reads.slowestMs = Math.max(reads.slowestMs, performance.now() - begun);
      await at.end();
    }
  };
  const loops = NAMES.map(loop);
  return reads;
}

/** Somebody with sessions for each of the callers, so that all of them find something to do. */
const SIGNED_IN: Readonly<Record<string, string>> = {
  slow: seed.manySessions,
  full: seed.ada,
  killed: seed.grace,
  emptied: seed.oidcOnly,
  restarted: seed.hostile,
};

/** One that is agreed to and not carried out yet, one whose form is open, and one that Kratos has received and not answered. */
async function begun({ team }: Scene, sub: string) {
  const { kratos } = team;
  const id = SIGNED_IN[sub];
  const agreed = await clientAt(team, 'A', sub);
  const asked = onPage(await patiently(() => agreed.once(RECOVERY, { identity_id: seed.grace })));
  expect(await approve(team.browser(), asked, { as: 'anna', shown: 'B', begun: 'B', ended: 'C' })).toBe(303);
  const form = await clientAt(team, 'A', sub, true);
  const open = await patiently(() => form.once(SIGN_OUT, { id }));
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const arrived = new Promise<void>((resolve) => {
    kratos.meddle = async ({ method, text }) => {
      if (method === 'GET' || !text.includes(seed.employee)) return true;
      resolve();
      await held;
      return true;
    };
  });
  const json_patch = [{ op: 'replace', path: '/traits/department', value: `of ${sub}` }];
  const underWay = agreed.once('patch_identity', { id: seed.employee, json_patch });
  underWay.catch(() => {}); // awaited below, unless the test has failed by then
  await arrived;
  return { sub, id, open, underWay, release };
}
/** While nothing is wrong with it: on a machine that has more to do than it can, the store seems slow. */
async function patiently<T extends Called>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const answer = await call();
    if (answer.outcome !== 'failed' || tries === 10) return answer;
    await sleep(500);
  }
}
type Begun = Awaited<ReturnType<typeof begun>>;

type Try = () => Promise<Called>;

/** What would change something, in four ways. */
async function changesAt(name: string, { team }: Scene, { id, open, sub }: Begun): Promise<readonly Try[]> {
  const [plain, form] = [await clientAt(team, name, sub), await clientAt(team, name, sub, true)];
  const json_patch = [{ op: 'replace', path: '/traits/name/first', value: `${sub} at ${name}` }];
  return [
    () => plain.once(RECOVERY, { identity_id: seed.grace }),
    () => plain.once(RECOVERY, { identity_id: seed.ada }),
    () => plain.once('patch_identity', { id: seed.ada, json_patch }),
    () => form.once(SIGN_OUT, { id }, yesTo(open)),
  ];
}

/** All of it is refused at each of them: one after another within a second each, all at once, too; and each says that it is degraded. */
async function refusesAll(scene: Scene, its: Begun): Promise<void> {
  const { team, figures } = scene;
  const before = team.kratos.writes.length;
  const tries = await Promise.all(NAMES.map((it) => changesAt(it, scene, its)));
  const oneByOne = async (all: readonly Try[]) => {
    for (const each of all) {
      const sent = performance.now();
      isRefused(await each());
      figures.refusedMs.push(performance.now() - sent);
    }
  };
  await Promise.all(tries.map(oneByOne));
  for (const it of await Promise.all([...tries.flat(), ...tries.flat()].map((each) => each()))) isRefused(it);
  // A machine that has more to do than it can makes everything late; a read says by how much.
  expect(Math.max(...figures.refusedMs)).toBeLessThan(1_000 + scene.reads.slowestMs);
  expect(await degraded(team)).toEqual(['store', 'store', 'store']);
  expect(team.kratos.writes.length).toBe(before);
  // What Kratos has received by then is told as it ended, though nobody can write that down.
  its.release();
  expect((await its.underWay).outcome, (await its.underWay).text).toBe('executed');
}
const isRefused = ({ outcome, text }: Called) =>
  expect([outcome, text.includes('nothing was sent'), text.includes('Reads go on')], text).toEqual(['failed', true, true]);
const yesTo = ({ state, phrase }: { readonly state: string | undefined; readonly phrase: string }) => ({
  requestState: state,
  inputResponses: { consent: { action: 'accept', content: { typed: phrase } } },
});
const degraded = async (team: Team) => Promise.all(NAMES.map(async (it) => (await team.its(it).ready()).degraded));

/** Nobody does anything about it but wait. */
async function heals({ team, figures }: Scene): Promise<void> {
  const from = performance.now();
  while ((await degraded(team)).some((it) => it !== undefined)) {
    if (performance.now() - from > 20_000) throw new Error('it did not heal');
    await sleep(50);
  }
  figures.healedMs = Math.max(figures.healedMs, performance.now() - from);
}

const carriedOut = (answers: readonly Called[]) => answers.filter((it) => it.outcome === 'executed').length;

/** What was agreed to before, asked for by all at once: `times` in all. */
async function carriesOut({ team }: Scene, times: 0 | 1, { sub, id, open }: Begun): Promise<void> {
  const before = team.kratos.writes.length;
  const every = async (call: (peer: HttpPeer) => Promise<Called>, form = false): Promise<readonly Called[]> => {
    const peers = await Promise.all(NAMES.map((it) => clientAt(team, it, sub, form)));
    // Whoever comes too late may wait for a person, who is asked anew.
    const answers = await Promise.all(peers.map((it) => Promise.race([call(it), sleep(LATE_MS)])));
    await Promise.all(peers.map((it) => it.end()));
    return answers.flatMap((it) => it ?? []);
  };
  const recovered = await every((it) => it.once(RECOVERY, { identity_id: seed.grace }));
  const signedOut = await every((it) => it.once(SIGN_OUT, { id }, yesTo(open)), true);
  expect([carriedOut(recovered), carriedOut(signedOut)], JSON.stringify([...recovered, ...signedOut].map((it) => it.text))).toEqual([
    times,
    times,
  ]);
  expect(team.kratos.writes.length - before).toBe(2 * times);
}

async function ends({ team, reads, figures }: Scene): Promise<void> {
  await reads.end();
  expect(reads.failed / reads.done).toBeLessThanOrEqual(0.01);
  expect((await Promise.all(team.all().map((it) => it.stop()))).map((it) => it.code)).toEqual([0, 0, 0]);
  const verified = await team.run(['audit', 'verify', ...team.folders()]);
  expect([verified.code, verified.stderr], verified.stdout).toEqual([0, '']);
  const intents = (await team.records()).filter((it) => it.event === 'intent');
  expect(new Set(intents.map((it) => it.plan_id)).size).toBe(intents.length);
  expect(intents.length).toBe(team.kratos.writes.length);
  const [refused, healed, slowest] = [Math.max(...figures.refusedMs), figures.healedMs, reads.slowestMs].map(Math.round);
  process.stdout.write(
    `refused in ${refused} ms at most, healed in ${healed} ms; ${reads.done} reads, ${reads.failed} failed, slowest ${slowest} ms\n`,
  );
}

describe.runIf(redisIsThere()).concurrent('a Redis', { timeout: LIMIT_MS }, () => {
  test('that keeps its data: slow by two seconds, full, killed and restarted; it heals by itself', async () => {
    const scene = await begin(['--appendonly', 'yes', '--appendfsync', 'always']);
    const { team, redis, proxy } = scene;
    const slow = await begun(scene, 'slow');
    proxy.delayMs = 2_000;
    await refusesAll(scene, slow);
    await sleep(2_500);
    await refusesAll(scene, slow);
    proxy.delayMs = 0;
    await heals(scene);
    await carriesOut(scene, 1, slow);

    const full = await begun(scene, 'full');
    await redis.say('CONFIG', 'SET', 'maxmemory', '1');
    await refusesAll(scene, full);
    await redis.say('CONFIG', 'SET', 'maxmemory', '0');
    await heals(scene);
    await carriesOut(scene, 1, full);

    const killed = await begun(scene, 'killed');
    await redis.kill();
    await refusesAll(scene, killed);
    await redis.start();
    await heals(scene);
    // Nobody knows what the last moment held: what was agreed to is asked anew.
    await carriesOut(scene, 0, killed);
    expect(
      team
        .all()
        .flatMap((it) => it.lines)
        .filter((it) => it.level === 'error'),
    ).toEqual([]);
    await ends(scene);
  });

  test('that loses its data: nothing is changed until one of them is started anew, and then by all', async () => {
    const scene = await begin([]);
    const { team, redis } = scene;
    for (const [sub, lose, restarted] of [
      ['emptied', () => redis.say('FLUSHALL'), 'C'],
      ['restarted', async () => (await redis.kill(), redis.start()), 'B'],
    ] as const) {
      const its = await begun(scene, sub);
      await lose();
      await refusesAll(scene, its);
      await sleep(3_000);
      await refusesAll(scene, its);
      scene.reads.away = restarted;
      await sleep(500); // as a balancer does: what is under way there ends first
      expect((await team.its(restarted).stop()).code).toBe(0);
      const { lines } = await team.start(restarted);
      scene.reads.away = undefined;
      expect(lines.map((it) => it.event)).toContain('the store was empty: a new state begins there');
      await heals(scene);
      await carriesOut(scene, 0, its);
    }
    await ends(scene);
  });
});
