/** What the yes depended on: anything of it that changes between the question and the yes ends the call, and nothing else does. */
import { describe, expect, test } from 'vitest';
import type { Send } from '../src/client/types.ts';
import { seed } from '../src/seed.ts';
import { here, type Here } from './support/gate-cases.ts';
import { FORM } from './support/gate-scene.ts';
import { harness } from './support/harness.ts';

type Json = Record<string, unknown>;
type Meanwhile = (world: Here) => Promise<unknown>;
const patched =
  (id: string, path: string, value: unknown): Meanwhile =>
  ({ write }) =>
    write('PATCH', `/admin/identities/${id}`, [{ op: 'add', path, value }]);
const inactive = (id: string) => patched(id, '/state', 'inactive');
const withoutLookup: Meanwhile = ({ write }) => write('DELETE', `/admin/identities/${seed.grace}/credentials/lookup_secret`);
const signedOut: Meanwhile = ({ write }) => write('DELETE', `/admin/sessions/${seed.adaLaptop}`);
const gone: Meanwhile = ({ write }) => write('DELETE', `/admin/identities/${seed.ada}`);

const email = { id: seed.ada, json_patch: [{ op: 'replace', path: '/traits/email', value: 'new@example.com' }] };
const role = { id: seed.ada, json_patch: [{ op: 'add', path: '/metadata_public/plan', value: 'enterprise' }] };

type Call = readonly [name: string, args: Json];

async function asked([name, args]: Call, meanwhile: Meanwhile, through: (send: Send) => Send = (it) => it) {
  const it = harness({ recoveryDelivery: 'reply', through });
  const world = here(it.sandbox.send);
  const peer = await it.open({ era: 'legacy', elicitation: FORM });
  peer.person = async ({ phrase }) => {
    await meanwhile(world);
    return { action: 'accept', content: { typed: phrase } };
  };
  const answer = await peer.call(name, args);
  expect(peer.asked).toHaveLength(1);
  await peer.close();
  return { it, answer };
}

describe('stale, and nothing is sent', () => {
  test.each<[string, Call, Meanwhile]>([
    ['its state', ['delete_identity', { id: seed.ada }], inactive(seed.ada)],
    ['its external id', ['delete_identity', { id: seed.ada }], patched(seed.ada, '/external_id', 'crm-1')],
    ['its state', ['delete_identity_sessions', { id: seed.ada }], inactive(seed.ada)],
    ['its state', ['delete_identity_credentials', { id: seed.grace, type: 'totp' }], inactive(seed.grace)],
    ['the ways to sign in that are left', ['delete_identity_credentials', { id: seed.grace, type: 'totp' }], withoutLookup],
    ['its state', ['create_recovery_code_for_identity', { identity_id: seed.ada }], inactive(seed.ada)],
    ['its state', ['create_recovery_link_for_identity', { identity_id: seed.ada }], inactive(seed.ada)],
    ['whether it is active', ['extend_session', { id: seed.adaLaptop }], signedOut],
    ['its state', ['patch_identity', email], inactive(seed.ada)],
    ['the value that the difference showed', ['patch_identity', role], patched(seed.ada, '/metadata_public/plan', 'basic')],
  ])('%s changed before the yes to %j', async (_what, call, meanwhile) => {
    const { it, answer } = await asked(call, meanwhile);
    expect(answer.outcome).toMatch(/^(stale|failed)$/);
    expect(answer.text).toMatch(/nothing was sent/i);
    expect(it.writes()).toEqual([]);
  });
});

test.each<[string, Json]>([
  ['delete_identity', { id: seed.ada }],
  ['delete_identity_sessions', { id: seed.ada }],
  ['create_recovery_code_for_identity', { identity_id: seed.ada }],
  ['patch_identity', email],
])('%s of an account that is gone by the time of the yes failed, and nothing is sent', async (name, args) => {
  const { it, answer } = await asked([name, args], gone);
  expect(answer.outcome).toBe('failed');
  expect(it.writes()).toEqual([]);
});

test.each<[string, Json, Meanwhile]>([
  ['delete_identity_sessions', { id: seed.ada }, signedOut],
  ['delete_identity', { id: seed.ada }, signedOut],
  ['patch_identity', email, patched(seed.ada, '/metadata_admin/note', 'called at noon')],
])('%s is carried out although something changed that nobody was told', async (name, args, meanwhile) => {
  const { it, answer } = await asked([name, args], meanwhile);
  expect(answer.outcome).toBe('executed');
  expect(it.writes()).toHaveLength(1);
});

test('what somebody else changes right at the write cannot be prevented, and is in the result', async () => {
  let world: Here | undefined;
  const racing =
    (send: Send): Send =>
    async (request) => {
      const reply = await send(request);
      if (request.method !== 'GET' && world) await patched(seed.ada, '/traits/email', 'intruder@example.com')(world);
      return reply;
    };
  const { answer } = await asked(['patch_identity', email], async (it) => (world = it), racing);
  expect(answer.outcome).toBe('executed');
  expect(JSON.stringify(answer.structured)).toContain('intruder@example.com');
});

test('changes of one account go one after another, a session counting as its owner; those of another do not wait', async () => {
  const under = new Set<string>();
  let together = 0;
  const slow =
    (send: Send): Send =>
    async (request) => {
      if (request.method === 'GET') return send(request);
      const owner = request.path.includes(seed.grace) ? 'grace' : 'ada';
      expect(under).not.toContain(owner);
      under.add(owner);
      together = Math.max(together, under.size);
      await new Promise((resolve) => setTimeout(resolve, 60));
      const reply = await send(request);
      under.delete(owner);
      return reply;
    };
  const it = harness({ through: slow });
  const peer = await it.open({ era: 'legacy', elicitation: FORM });
  const first = (id: string, value: string) => ({ id, json_patch: [{ op: 'replace', path: '/traits/name/first', value }] });
  const answers = await Promise.all([
    peer.call('patch_identity', first(seed.ada, 'One')),
    peer.call('patch_identity', { id: seed.ada, json_patch: [{ op: 'replace', path: '/traits/name/last', value: 'Two' }] }),
    peer.call('disable_session', { id: seed.adaLaptop }),
    peer.call('patch_identity', first(seed.grace, 'Three')),
  ]);
  expect(answers.map(({ outcome }) => outcome)).toEqual(['executed', 'executed', 'executed', 'executed']);
  expect(together).toBe(2);
  await peer.close();
});
