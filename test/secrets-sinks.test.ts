/**
 * Every change, ended in each way, with everything real but Kratos: no secret is in what goes to the client, in a log, in any file of the
 * state folder or on any page, in whatever spelling; and personal data lies in the state folder only while somebody has to decide about it.
 */
import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Send, WireReply } from '../src/client/types.ts';
import type { PlanRecord } from '../src/store/types.ts';
import type { Browser } from './page/scene.ts';
import { Canaries, namesFoundIn } from './support/canaries.ts';
import { gateCases, here } from './support/gate-cases.ts';
import { changes } from './support/gate-scene.ts';
import type { Called, Peer } from './support/peer.ts';
import { filesIn, whole, type Whole } from './support/whole.ts';

type Json = Record<string, unknown>;
const ENDINGS = ['declined', 'denied', 'expired', 'failed', 'unknown', 'executed'] as const;
type Ending = (typeof ENDINGS)[number];

/** In arguments: what no spelling of it may get past. */
const PASSWORD = 'CANARY"pass\\word<7f3a>&é +/';
const withPassword = (args: Json): Json => {
  const credentials = { password: { config: { password: PASSWORD } } };
  if (Array.isArray(args['identities']))
    return { identities: args['identities'].map((it: Json) => ({ create: { ...(it['create'] as Json), credentials } })) };
  return 'traits' in args ? { ...args, credentials } : args;
};

interface Scene {
  readonly it: Whole;
  readonly peer: Peer;
  readonly canaries: Canaries;
  readonly personal: ReadonlyMap<string, string>;
  readonly approver: Browser;
  readonly stranger: Browser;
  /** What Kratos does with a write. */
  readonly fault: { now: Ending | undefined };
  /** The state folder at the moment when a write went out. */
  readonly atWrite: string[];
  readonly call: () => Promise<Called>;
}

async function scene(name: string): Promise<Scene> {
  const op = changes.find((it) => it.name === name);
  const gate = gateCases[name]?.[op?.effects.at(-1) ?? ''];
  if (!gate) throw new Error('no case');
  const canaries = new Canaries({ unasked: true });
  const fault: Scene['fault'] = { now: undefined };
  const atWrite: string[] = [];
  const through = (send: Send) =>
    canaries.through(async (request) => {
      if (request.method === 'GET') return send(request);
      atWrite.push(textOf(it));
      if (fault.now === 'failed') return refusal(canaries);
      if (fault.now === 'unknown') throw Object.assign(new Error(`cut off: ${canaries.add('text of an error')}`), { code: 'ECONNRESET' });
      return send(request);
    });
  const it: Whole = await whole({ preset: 'strict', recoveryDelivery: 'page', through });
  const args = withPassword(await gate.args(here(it.sandbox.send)));
  if (JSON.stringify(args).includes('CANARY')) canaries.add('password in an argument', PASSWORD);
  const peer = await it.open({ era: 'modern' });
  const approver = await it.visitor('approver');
  const stranger = await it.visitor('stranger');
  const call = () => peer.once(name, args);
  return { it, peer, canaries, personal: await personalData(it, args), approver, stranger, fault, atWrite, call };
}

/** With more in it than Kratos should say. */
const refusal = (canaries: Canaries): WireReply => ({
  status: 400,
  headers: { 'content-type': 'application/json', 'x-debug': canaries.add('header of an error') },
  text: JSON.stringify({
    error: {
      code: 400,
      message: 'No.',
      reason: 'Not that.',
      debug: canaries.of('debug text'),
      details: { it: canaries.of('details of an error') },
    },
  }),
});

/** Everybody's e-mail addresses, phone numbers and last names, and those in the arguments. */
async function personalData({ sandbox }: Whole, args: Json): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>([['identifier', 'someone@example.com']]);
  const add = (value: unknown): void => {
    if (typeof value === 'string' && /@|^\+\d{6}|^[A-Z][a-z]{5,}$/.test(value)) found.set(value, value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(add);
  };
  for (const { traits } of sandbox.world.identities.values()) add({ ...(traits as Json), department: '' });
  for (const session of sandbox.world.sessions.values()) for (const { ip_address } of session.devices) found.set(ip_address, ip_address);
  const { credentials: _not, ...rest } = args;
  add(rest);
  return found;
}

const textOf = ({ folder }: Whole): string =>
  filesIn(folder.path)
    .map((it) => `${it.name}\n${it.text}`)
    .join('\n');
const ledgerOf = ({ folder }: Whole): string =>
  filesIn(folder.file('ledger'))
    .map((it) => it.text)
    .join('\n');

/** Every page that there is, for the one who may decide and for somebody who has the address. */
async function look({ approver, stranger }: Scene, { id }: PlanRecord): Promise<void> {
  for (const at of [approver, stranger]) for (const path of [`/approvals/${id}`, '/approvals']) await at.get(path);
}

/** Has the call asked about, and ended so; what the page and the folder hold at each step is looked at on the way. */
async function ended(its: Scene, ending: Ending): Promise<PlanRecord> {
  const { it, approver, fault, call } = its;
  fault.now = ending;
  expect((await call()).outcome).toBe('pending');
  const plan = await it.waiting();
  await it.signIn(approver);
  await look(its, plan);
  expectPrivate(it);
  expect(namesFoundIn(textOf(it), its.personal)).not.toEqual([]); // what a person decides about
  if (ending === 'declined') await it.answer(plan, approver, 'deny');
  else if (ending === 'expired') it.advance(31 * 60_000);
  else await it.approve(plan, approver);
  await look(its, plan);
  if (ending === 'denied') await it.store.freeze('an incident');
  if (ending !== 'expired') expect((await call()).outcome).toBe(ending);
  await it.store.thaw();
  await look(its, plan);
  it.advance(11 * 60_000); // a no holds for ten
  return plan;
}

function expectPrivate({ folder }: Whole): void {
  expect(statSync(folder.path).mode & 0o777).toBe(0o700);
  for (const { name, mode } of filesIn(folder.path)) expect({ name, mode }).toEqual({ name, mode: 0o600 });
}

describe.each(changes.map(({ name }) => ({ name })))('$name', ({ name }) => {
  test('leaves no secret anywhere and no personal data behind, however it ends', async () => {
    const its = await scene(name);
    const { it, peer, canaries, personal } = its;
    for (const ending of ENDINGS) {
      const { id } = await ended(its, ending);
      await it.records(); // all of the ledger is in its file
      // A freeze leaves the yes standing for its five minutes.
      expect((await it.store.plans.find(id))?.outcome).toBe(ending === 'denied' ? 'expired' : ending);
      expect({ ending, personal: namesFoundIn(textOf(it), personal) }).toEqual({ ending, personal: [] });
    }
    await peer.close();
    await it.close(); // writes a checkpoint

    expect(canaries.unseen()).toEqual([]);
    expect(canaries.names()).toEqual(expect.arrayContaining(['debug text', 'text of an error']));
    const sinks = {
      client: peer.lines.join('\n'),
      log: it.logs.join('\n'),
      folder: textOf(it),
      'folder while a write was under way': its.atWrite.join('\n'),
      pages: it.served.map(({ answer }) => JSON.stringify(answer.headers) + answer.body).join('\n'),
    };
    for (const [sink, text] of Object.entries(sinks)) expect({ sink, found: canaries.foundIn(text) }).toEqual({ sink, found: [] });
    expect(its.atWrite.length).toBeGreaterThan(2);
    expect(namesFoundIn(its.atWrite[0] ?? '', personal)).not.toEqual([]);
    expect(namesFoundIn(ledgerOf(it) + it.logs.join('\n'), personal)).toEqual([]);
    expect(ledgerOf(it)).toMatch(/"signature":/); // the checkpoint is among what was searched
    // Who has no sign-in sees how many wait, and of a plan that is over nothing but what became of it.
    const strangers = it.served.filter(({ to }) => to === 'stranger');
    for (const { what, answer } of strangers) {
      if (what === 'GET /') expect(namesFoundIn(answer.body, personal)).toEqual([]);
    }
    expect(namesFoundIn(strangers.at(-2)?.answer.body ?? '', personal)).toEqual([]);
  });
});

describe.each(['create_recovery_code_for_identity', 'create_recovery_link_for_identity'])('what %s makes', (name) => {
  test('is in the answer to its approver who asks for it, once, and nowhere else', async () => {
    const its = await scene(name);
    const { it, peer, canaries, personal, approver, stranger } = its;
    const plan = await ended(its, 'executed');
    it.advance(-11 * 60_000); // as soon as it was carried out
    await it.signIn(approver);
    await look(its, plan);
    // Somebody else with the address is told that something waits, and not for whom; with an answer of their own they get nothing.
    const waits = await stranger.get(`/approvals/${plan.id}`);
    expect(waits.body).toContain('A recovery secret waits here');
    expect(namesFoundIn(waits.body, personal)).toEqual([]);
    expect((await stranger.post(`/approvals/${plan.id}/reveal`, { token: 'x' })).status).toBe(403);

    const shown = await it.reveal(plan, approver);
    expect(shown.status).toBe(200);
    await it.reveal(plan, approver);
    await look(its, plan);
    await it.records();
    await peer.close();
    await it.close();

    const made = name.includes('code') ? ['recovery code', 'recovery flow', 'recovery token'] : ['recovery flow', 'recovery token'];
    expect(canaries.foundIn(shown.body).toSorted()).toEqual(made);
    for (const secret of made) expect(shown.body.split(canaries.of(secret))).toHaveLength(2);
    const others = it.served.filter(({ answer }) => answer !== shown).map(({ answer }) => JSON.stringify(answer.headers) + answer.body);
    const everywhere = [...others, JSON.stringify(shown.headers), ...peer.lines, ...it.logs, textOf(it), ...its.atWrite].join('\n');
    expect(canaries.foundIn(everywhere)).toEqual([]);
    const events = (await it.records()).map(({ event }) => event);
    expect(events.filter((event) => event === 'revealed')).toHaveLength(1);
  });
});
