/** What a form carries back: for one browser, purpose and subject, for half an hour, once. */
import { expect, test } from 'vitest';
import { createShelf } from '../../src/page/shelf.ts';
import { createTokens, type Use } from '../../src/page/tokens.ts';
import { createKept } from '../../src/store/kept.ts';

const USE: Use = { purpose: 'decide', subject: 'plan', browser: 'mine' };
const MINUTE = 60_000;

const KEY = new Uint8Array(32).fill(1);
let ids = 0;
/** `replica`: another process that shares the key and what is kept. */
function made({ key = KEY } = {}) {
  let time = 1_000_000;
  const now = () => time;
  const kept = createKept(now);
  const one = () => createTokens({ key, now, randomId: () => `id${(ids += 1)}`, shelf: createShelf({ kept, key, now }) });
  return { tokens: one(), replica: one(), pass: (ms: number) => void (time += ms) };
}

test('it is taken once, with its age and nonce', async () => {
  const { tokens, pass } = made();
  const { token, nonce } = tokens.mint(USE);
  pass(1_234);
  expect(await tokens.redeem(token, USE)).toEqual({ kind: 'ok', nonce, ageMs: 1_234 });
  expect(await tokens.redeem(token, USE)).toEqual({ kind: 'used' });
});

test('any replica takes it, and of all of them one', async () => {
  const { tokens, replica } = made();
  const { token } = tokens.mint(USE);
  const kinds = await Promise.all([tokens, replica, tokens, replica].map(async (it) => (await it.redeem(token, USE)).kind));
  expect(kinds.toSorted()).toEqual(['ok', 'used', 'used', 'used']);
});

test.each<Partial<Use>>([{ purpose: 'reveal' }, { purpose: 'unlock' }, { purpose: 'thaw' }, { subject: 'other' }, { browser: 'theirs' }])(
  'it is good for nothing else: %o',
  async (other) => {
    const { tokens } = made();
    const { token } = tokens.mint(USE);
    expect(await tokens.redeem(token, { ...USE, ...other })).toEqual({ kind: 'bad' });
    expect((await tokens.redeem(token, USE)).kind).toBe('ok'); // and that used nothing up
  },
);

test('it is good for half an hour, and not before it was made', async () => {
  const { tokens, pass } = made();
  const { token } = tokens.mint(USE);
  pass(-1);
  expect(await tokens.redeem(token, USE)).toEqual({ kind: 'old' });
  pass(30 * MINUTE + 1);
  expect(await tokens.redeem(token, USE)).toEqual({ kind: 'old' });
  pass(-1);
  expect((await tokens.redeem(token, USE)).kind).toBe('ok');
});

test('a server with another key takes none of this one', async () => {
  const { token } = made().tokens.mint(USE);
  expect(await made({ key: new Uint8Array(32).fill(2) }).tokens.redeem(token, USE)).toEqual({ kind: 'bad' });
});

test('what is remembered of those that were used is bounded: beyond it none is taken, until the first are forgotten', async () => {
  const { tokens, pass } = made();
  for (let i = 0; i < 10_000; i += 1) expect((await tokens.redeem(tokens.mint(USE).token, USE)).kind).toBe('ok');
  expect(await tokens.redeem(tokens.mint(USE).token, USE)).toEqual({ kind: 'used' });
  pass(30 * MINUTE);
  expect((await tokens.redeem(tokens.mint(USE).token, USE)).kind).toBe('ok');
});
