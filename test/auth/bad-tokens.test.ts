/** Every single flaw of a token is found, by the check that it belongs to, and nobody comes in by it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { badTokens, type BadToken } from './bad-tokens.ts';
import { callerIn, challengeIn, gate, oauthOf, RESOURCE, type Gate } from './scene.ts';

let provider: TestProvider;
let bad: readonly BadToken[];
let door: Gate;
beforeAll(async () => {
  provider = await startProvider();
  const { id_token: idToken = '' } = await provider.userToken({ resource: RESOURCE });
  bad = await badTokens(provider, idToken);
  door = gate({ oauth: oauthOf(provider) });
});
afterAll(() => provider.close());

test('what the bad ones are made from is let in', async () => {
  expect(callerIn(await door.ask(await provider.sign(RESOURCE))).principal).toBe(`${provider.issuer}|anna|agent|jwt`);
  expect(callerIn(await door.ask(await provider.machineToken({ resource: RESOURCE }))).scopes).toEqual(new Set(['kratos:read']));
});

test('there are at least 40 flaws, no two alike', () => {
  expect(bad.length).toBeGreaterThanOrEqual(40);
  expect(new Set(bad.map(({ token }) => token)).size).toBe(bad.length);
});

test('each flaw is refused with 401 by its own check', async () => {
  const found = [];
  for (const { flaw, token } of bad) {
    const before = door.refused.length;
    const { status, wwwAuthenticate } = challengeIn(await door.ask(token));
    found.push({ flaw, check: door.refused[before], status, error: /error="(\w+)"/.exec(wwwAuthenticate ?? '')?.[1] });
  }
  expect(found).toEqual(
    bad.map(({ flaw, check }) => ({ flaw, check, status: 401, error: check === 'header' ? 'invalid_request' : 'invalid_token' })),
  );
});

test('each is refused again although good ones were remembered meanwhile, and the good one is let in again', async () => {
  const good = await provider.sign(RESOURCE);
  callerIn(await door.ask(good));
  for (const { token } of bad) challengeIn(await door.ask(token));
  callerIn(await door.ask(good));
});

test('each is refused also where every kind of token has room and JWT is a typ', async () => {
  const wide = gate({ oauth: oauthOf(provider, { tokenTypes: ['at+jwt', 'JWT', 'none'] }) });
  const alsoGood = new Set(['typ JWT', 'no typ']);
  for (const { flaw, token } of bad) if (!alsoGood.has(flaw)) challengeIn(await wide.ask(token));
});

test('no line of the log holds a token, a subject or an address, and the lines of a minute are bounded', async () => {
  const fresh = gate({ oauth: oauthOf(provider) });
  const secretive = await provider.sign('http://other.example', { claims: { sub: 'sub-canary', email: 'mail-canary@example.com' } });
  for (const { token } of bad) await fresh.ask(token);
  await fresh.ask(secretive);
  const text = JSON.stringify(fresh.lines);
  for (const { token } of bad) expect(text).not.toContain(token.slice(0, 2_000));
  expect(text).not.toMatch(/canary|anna/);
  const lines = () => fresh.lines.filter(({ event }) => event === 'token refused');
  expect(lines()).toHaveLength(60);
  expect(fresh.refused).toHaveLength(bad.length + 1);
  fresh.pass(60_000);
  await fresh.ask(secretive);
  expect(lines()).toHaveLength(61);
  expect(fresh.lines.find(({ event }) => event === 'tokens refused without a line of their own')?.fields).toEqual({
    tokens: bad.length + 1 - 60,
  });
  expect(lines().at(-1)?.fields).toEqual({ check: 'aud', expected: RESOURCE, found: 'http://other.example' });
});

test('what a line says of a token is cleaned and cut to 200 characters', async () => {
  const fresh = gate({ oauth: oauthOf(provider) });
  await fresh.ask(await provider.sign(RESOURCE, { claims: { aud: `x\u001b[31m\u202e${'y'.repeat(1_000)}` } }));
  const [line] = fresh.lines;
  expect(String(line?.fields['found'])).toMatch(/^x\[31my+…$/);
  expect(String(line?.fields['found'])).toHaveLength(200);
});
