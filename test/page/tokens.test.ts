/** What a form carries back: for one browser, purpose and subject, for half an hour, once. */
import { expect, test } from 'vitest';
import { createTokens, type Use } from '../../src/page/tokens.ts';

const USE: Use = { purpose: 'decide', subject: 'plan', browser: 'mine' };
const MINUTE = 60_000;

function made() {
  let time = 1_000_000;
  let ids = 0;
  const tokens = createTokens({ key: new Uint8Array(32).fill(1), now: () => time, randomId: () => `id${(ids += 1)}` });
  return { tokens, pass: (ms: number) => void (time += ms) };
}

test('it is taken once, with its age and nonce', () => {
  const { tokens, pass } = made();
  const { token, nonce } = tokens.mint(USE);
  pass(1_234);
  expect(tokens.redeem(token, USE)).toEqual({ kind: 'ok', nonce, ageMs: 1_234 });
  expect(tokens.redeem(token, USE)).toEqual({ kind: 'used' });
});

test.each<Partial<Use>>([{ purpose: 'reveal' }, { purpose: 'unlock' }, { subject: 'other' }, { browser: 'theirs' }])(
  'it is good for nothing else: %o',
  (other) => {
    const { tokens } = made();
    const { token } = tokens.mint(USE);
    expect(tokens.redeem(token, { ...USE, ...other })).toEqual({ kind: 'bad' });
    expect(tokens.redeem(token, USE).kind).toBe('ok'); // and that used nothing up
  },
);

test('it is good for half an hour, and not before it was made', () => {
  const { tokens, pass } = made();
  const { token } = tokens.mint(USE);
  pass(-1);
  expect(tokens.redeem(token, USE)).toEqual({ kind: 'old' });
  pass(30 * MINUTE + 1);
  expect(tokens.redeem(token, USE)).toEqual({ kind: 'old' });
  pass(-1);
  expect(tokens.redeem(token, USE).kind).toBe('ok');
});

test('another process takes none of this one', () => {
  const { token } = made().tokens.mint(USE);
  const other = createTokens({ key: new Uint8Array(32).fill(2), now: () => 1_000_000, randomId: () => 'x' });
  expect(other.redeem(token, USE)).toEqual({ kind: 'bad' });
});

test('what is remembered of those that were used is bounded: beyond it none is taken, until the first are forgotten', () => {
  const { tokens, pass } = made();
  for (let i = 0; i < 10_000; i += 1) expect(tokens.redeem(tokens.mint(USE).token, USE).kind).toBe('ok');
  expect(tokens.redeem(tokens.mint(USE).token, USE)).toEqual({ kind: 'used' });
  pass(30 * MINUTE);
  expect(tokens.redeem(tokens.mint(USE).token, USE).kind).toBe('ok');
});
