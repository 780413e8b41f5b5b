/** Three replicas of the built program, one Redis, one Kratos, one provider: whoever is asked, whoever hears the yes, whoever carries it out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seed } from '../../src/seed.ts';
import { redisIsThere, startRedis, type RedisServer } from '../redis/server.ts';
import { HttpPeer, type HttpPeerOptions } from '../support/http.ts';
import type { Called } from '../support/peer.ts';
import { approve, onPage, startTeam, type Team } from './team.ts';

const DESTRUCTIVE = 4;
const POLICY = `
version: 1
preset: standard
rules:
  - name: delete for good
    tools: delete_identity
    verdict: approve
    approvers: other
approvers:
  who: { groups: iam }
limits: { destructive: ${DESTRUCTIVE}, waiting: 20 }
recovery: { deliver: page, max_lifetime: 15m }
`;
const MODERN: HttpPeerOptions = { era: 'modern' };
const FORM = { elicitation: { form: {} } } as const;
const LINK = { elicitation: { url: {} } } as const;
const NAMES = ['A', 'B', 'C'] as const;
/** Whoever approves reads first, and all do it at the same time. */
const LIMIT_MS = 60_000;

let redis: RedisServer;
let team: Team;
beforeAll(async () => {
  if (!redisIsThere()) return;
  redis = await startRedis();
  team = await startTeam({ store: `${redis.url}/0`, policy: POLICY });
});
afterAll(async () => {
  await team?.close();
  await redis?.stop();
});

/** A client of this caller at a replica. */
const client = async (name: string, sub: string, options: HttpPeerOptions = MODERN) =>
  team.its(name).peer({ ...options, token: await team.token(sub) });
async function threeOf(sub: string, options: HttpPeerOptions = MODERN) {
  const [A, B, C] = [await client('A', sub, options), await client('B', sub, options), await client('C', sub, options)];
  return { A, B, C, all: [A, B, C] as const };
}
const typed = (state: string | undefined, phrase: string) => ({
  requestState: state,
  inputResponses: { consent: { action: 'accept', content: { typed: phrase } } },
});
const outcomes = (answers: readonly Called[]) => answers.map((it) => it.outcome);
const read = async (path: string): Promise<string> => (await fetch(new URL(path, team.kratos.url))).text();
const deletion = (id: string) => `DELETE /admin/identities/${id}`;

describe.runIf(redisIsThere()).concurrent('asked on A, approved on B', { timeout: LIMIT_MS }, () => {
  test('by a 2026-07-28 client; shown by A, begun at B, ended at C: carried out on C by the same call made again', async () => {
    const args = { id: seed.unverified };
    const { A: onA, B: onB, C: onC } = await threeOf('ben');
    const first = await onA.once('delete_identity', args);
    expect(first.outcome, first.text).toBe('pending');
    expect(await approve(team.browser(), onPage(first), { as: 'anna', shown: 'A', begun: 'B', ended: 'C' })).toBe(303);
    expect(team.kratos.writesTo(args.id)).toEqual([]);
    const second = await onC.once('delete_identity', args);
    expect([second.outcome, second.structured?.['changed']], second.text).toEqual(['executed', true]);
    expect(team.kratos.writesTo(args.id)).toEqual([deletion(args.id)]);
    for (const it of [onA, onB]) expect((await it.once('delete_identity', args)).outcome).not.toBe('executed');
    expect(team.kratos.writesTo(args.id)).toEqual([deletion(args.id)]);
  });

  test('by a 2026-07-28 client that was sent to the page: its second leg is taken by C, while the person is there', async () => {
    const args = { id: seed.noEmail };
    const onA = await client('A', 'lea', { ...MODERN, ...LINK });
    const first = await onA.once('delete_identity', args);
    expect(first.question?.['mode']).toBe('url');
    const onC = await client('C', 'lea', { ...MODERN, ...LINK });
    const second = onC.once('delete_identity', args, { requestState: first.state, inputResponses: { consent: { action: 'accept' } } });
    const asked = onPage({ text: `${String(first.question?.['url'])} ${String(first.question?.['message'])}` });
    expect(await approve(team.browser(), asked, { as: 'dora', shown: 'C', begun: 'A', ended: 'B' })).toBe(303);
    expect((await second).outcome, (await second).text).toBe('executed');
    expect(team.kratos.writesTo(args.id)).toEqual([deletion(args.id)]);
  });

  test('by a 2025-era session on A: the same call in a session on C collects it, and what was made is revealed on B, once, to its approver', async () => {
    const args = { identity_id: seed.ada };
    const { A: onA, C: onC } = await threeOf('otto', { era: 'legacy', ...FORM });
    const first = await onA.once('create_recovery_code_for_identity', args);
    const asked = onPage(first);
    const browser = team.browser();
    expect(await approve(browser, asked, { as: 'anna', shown: 'B', begun: 'B', ended: 'B' })).toBe(303);
    const second = await onC.once('create_recovery_code_for_identity', args);
    expect([second.outcome, second.structured?.['delivered']], second.text).toEqual(['executed', 'page']);
    expect(team.kratos.writesTo(args.identity_id)).toEqual(['POST /admin/recovery/code']);

    const other = team.browser();
    other.at('B');
    await other.signIn('dora');
    expect((await other.get(asked.path)).body).not.toContain('Show it now');
    const asking = async (name: string) => {
      browser.at(name);
      const sent = await browser.submit(asked.path, `${asked.path}/reveal`);
      return browser.toProvider(sent, 'anna');
    };
    const [fromB, fromC] = [await asking('B'), await asking('C')];
    browser.at(undefined);
    const shown = await Promise.all([browser.back(fromB), browser.back(fromC), browser.back(fromB)]);
    const secrets = shown.filter((it) => /data-secret/.test(it.body));
    expect(shown.map((it) => it.status).toSorted((a, b) => a - b)[0]).toBe(200);
    expect(secrets).toHaveLength(1);
    const [, code = ''] = /data-secret>([^<]+)</.exec(secrets.map((it) => it.body).join('')) ?? [];
    expect(code).toMatch(/^\w{4,}$/);
    expect(JSON.stringify([first.raw, second.raw])).not.toContain(code);
    expect((await browser.get(asked.path)).body).not.toContain('Show it now');
    expect((await team.records()).filter((it) => it.event === 'revealed' && it.plan_id === asked.id).length).toBeGreaterThan(0);
  });

  test('the requester is no approver where policy asks for another, at whichever replica; another one is', async () => {
    const args = { id: seed.phoneOnly };
    const { A: onA, C: onC } = await threeOf('anna');
    const asked = onPage(await onA.once('delete_identity', args));
    const hers = NAMES.map((at) => [team.browser(), { as: 'anna', shown: 'A', begun: at, ended: at }] as const);
    const his = [team.browser(), { as: 'ben', shown: 'B', begun: 'C', ended: 'A' }] as const; // in no group that policy names
    expect(await Promise.all([...hers, his].map(([browser, how]) => approve(browser, asked, how)))).toEqual([403, 403, 403, 403]);
    expect((await hers[1]?.[0].get(asked.path))?.body).toContain('is the requester');
    expect(team.kratos.writesTo(args.id)).toEqual([]);
    expect(await approve(team.browser(), asked, { as: 'dora', shown: 'B', begun: 'B', ended: 'B' })).toBe(303);
    expect((await onC.once('delete_identity', args)).outcome).toBe('executed');
    expect(team.kratos.writesTo(args.id)).toEqual([deletion(args.id)]);
  });

  test('another principal collects nothing: not the same call, not with the state of the question', async () => {
    const args = { identity_id: seed.oidcOnly };
    const [mine, theirs] = [await client('A', 'mia'), await client('B', 'mallory')];
    const asked = onPage(await mine.once('create_recovery_code_for_identity', args));
    expect(await approve(team.browser(), asked, { as: 'anna', shown: 'B', begun: 'B', ended: 'B' })).toBe(303);
    const other = await theirs.once('create_recovery_code_for_identity', args);
    expect(other.outcome).toBe('pending');
    expect(onPage(other).id).not.toBe(asked.id);
    expect(team.kratos.writesTo(args.identity_id)).toEqual([]);
    expect((await (await client('C', 'mia')).once('create_recovery_code_for_identity', args)).outcome).toBe('executed');

    const name = 'delete_identity_sessions';
    const session = { id: seed.oidcOnly };
    const question = await (await client('A', 'mia', { ...MODERN, ...FORM })).once(name, session);
    const stranger = await client('B', 'mallory', { ...MODERN, ...FORM });
    const stolen = await stranger.once(name, session, typed(question.state, question.phrase));
    const unknown = await stranger.once(name, session, typed('x', question.phrase));
    expect([stolen.outcome, stolen.text]).toEqual(['expired', unknown.text]);
    expect(team.kratos.writesTo(seed.oidcOnly)).toEqual(['POST /admin/recovery/code']);
  });
});

describe.runIf(redisIsThere()).concurrent('of three replicas', { timeout: LIMIT_MS }, () => {
  test('a form asked on A is answered on B, and on C at the same time: carried out once', async () => {
    const [name, args] = ['delete_identity_sessions', { id: seed.grace }];
    const { A: onA, B: onB, C: onC } = await threeOf('fay', { ...MODERN, ...FORM });
    const question = await onA.once(name, args);
    expect(question.phrase).toBe('grace.murray@example.com');
    const yes = typed(question.state, question.phrase);
    const answers = await Promise.all([onB, onC, onB, onC].map((it) => it.once(name, args, yes)));
    expect(
      outcomes(answers).filter((it) => it === 'executed'),
      JSON.stringify(outcomes(answers)),
    ).toHaveLength(1);
    expect((await onA.once(name, args, yes)).outcome).not.toBe('executed');
    expect(team.kratos.writesTo(seed.grace)).toEqual([`DELETE /admin/identities/${seed.grace}/sessions`]);
  });

  test('a session of a 2025-era client belongs to one: 404 at the others, for its own principal, too', async () => {
    const onA = await client('A', 'sam', { era: 'legacy', ...FORM });
    expect(onA.session).toMatch(/^[\w-]{36}$/);
    for (const name of ['B', 'C']) {
      const stray = new HttpPeer(team.its(name).port, { era: 'legacy', ...FORM, token: await team.token('sam') });
      stray.session = onA.session;
      await stray.request('tools/list', {});
      expect(stray.statuses).toEqual([404]);
      await stray.end();
    }
    const foreign = new HttpPeer(team.its('A').port, { era: 'legacy', ...FORM, token: await team.token('mallory') });
    foreign.session = onA.session;
    await foreign.request('tools/list', {});
    expect(foreign.statuses).toEqual([404]);
    await onA.request('tools/list', {});
    expect(onA.statuses.at(-1)).toBe(200);
  });

  test('a budget counts over all: asked everywhere, answered elsewhere, all at once, carried out to the limit exactly', async () => {
    const sessions = JSON.parse(await read(`/admin/identities/${seed.manySessions}/sessions?active=true&page_size=50`)) as { id: string }[]; // Kratos' own
    const ids = sessions.slice(0, DESTRUCTIVE + 3).map((it) => it.id);
    const { all } = await threeOf('bud', { ...MODERN, ...FORM });
    const questions = await Promise.all(ids.map(async (id, n) => all[n % 3]?.once('disable_session', { id })));
    const answers = await Promise.all(
      questions.map(async (it, n) => all[(n + 1) % 3]?.once('disable_session', { id: ids[n] }, typed(it?.state, it?.phrase ?? ''))),
    );
    const [executed, denied] = ['executed', 'denied'].map((word) => answers.filter((it) => it?.outcome === word).length);
    expect([executed, denied], JSON.stringify(answers.map((it) => it?.text))).toEqual([DESTRUCTIVE, 3]);
    expect(ids.flatMap((id) => team.kratos.writesTo(id))).toHaveLength(DESTRUCTIVE);
    for (const it of all) expect((await it.once('disable_session', { id: sessions.at(-1)?.id })).text).toContain('limit');
  });

  test('“this was not me” on B locks the requester at all of them', async () => {
    const args = { id: seed.employee };
    const { A: onA, all } = await threeOf('liz');
    const asked = onPage(await onA.once('delete_identity', args));
    const browser = team.browser();
    browser.at('B');
    await browser.signIn('dora');
    expect((await browser.submit(asked.path, asked.path, { action: 'disown' })).status).toBe(303);
    for (const it of all) expect((await it.once('delete_identity', args)).text).toContain('are locked');
    expect(team.kratos.writesTo(args.id)).toEqual([]);
  });

  test('writes to one account go one after another, whoever sends them, and none is lost', async () => {
    const id = seed.hostile;
    const { all } = await threeOf('pat');
    team.kratos.meddle = async ({ method, text }) => {
      if (method !== 'GET' && text.includes(id)) await sleep(120);
      return true;
    };
    const ops = ['/traits/name/first', '/traits/name/last'].map((path, n) => [{ op: 'replace', path, value: `x${n}` }]);
    const change = async (n: number) => {
      for (let tries = 0; tries < 8; tries += 1) {
        const answer = await all[(n + tries) % 3]?.once('patch_identity', { id, json_patch: ops[n] });
        if (answer?.outcome !== 'stale') return answer;
      }
      return undefined;
    };
    const answers = await Promise.all([change(0), change(1)]);
    expect(
      answers.map((it) => it?.outcome),
      JSON.stringify(answers.map((it) => it?.text)),
    ).toEqual(['executed', 'executed']);
    const writes = team.kratos.writes.filter((it) => it.text.includes(id)).toSorted((a, b) => a.begun - b.begun);
    expect(writes).toHaveLength(2);
    for (const [n, it] of writes.entries()) expect(it.begun).toBeGreaterThanOrEqual(writes[n - 1]?.end ?? 0);
    const { traits } = JSON.parse(await read(`/admin/identities/${id}`)) as { traits: unknown }; // Kratos' own
    expect(traits).toMatchObject({ name: { first: 'x0', last: 'x1' } });
  });
});

describe.runIf(redisIsThere())('in the end', () => {
  test('the command freeze, with the settings of A, stops all of them within a second', async () => {
    const { B: onB, all } = await threeOf('zoe');
    const json_patch = [{ op: 'replace', path: '/traits/name/first', value: 'Adah' }];
    const ran = await team.run(['freeze', '--reason', 'a drill']);
    expect([ran.code, ran.stderr], ran.stdout).toEqual([0, '']);
    const begun = performance.now();
    const answers = await Promise.all(all.map((it) => it.once('patch_identity', { id: seed.ada, json_patch })));
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect(answers.map((it) => [it.outcome, it.text.includes('frozen')])).toEqual(Array(3).fill(['denied', true]));
    expect((await onB.once('get_identity', { id: seed.ada })).isError).toBe(false);
  });

  test('all three end with 0, and their ledgers verify together: a plan is spread over them, joined by its id', async () => {
    expect((await Promise.all(team.all().map((it) => it.stop()))).map((it) => it.code)).toEqual([0, 0, 0]);
    const ran = await team.run(['audit', 'verify', ...team.folders()]);
    expect([ran.code, ran.stderr], ran.stdout).toEqual([0, '']);
    const records = await team.records();
    const plans = [...new Set(records.flatMap((it) => it.plan_id ?? []))].map((id) => records.filter((it) => it.plan_id === id));
    expect(plans.filter((its) => new Set(its.map((it) => it.instance)).size === 3).length).toBeGreaterThan(0);
    for (const its of plans) expect(its.filter((it) => it.event === 'intent').length).toBeLessThan(2);
    expect(records.filter((it) => it.event === 'reconciled')).toEqual([]);
    const errors = team.all().flatMap((it) => it.lines.filter((line) => line.level === 'error' || line.level === 'text'));
    expect(errors).toEqual([]);
  });
});
