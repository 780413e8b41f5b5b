/** The shapes of the Authorization header, and what each is answered. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isChallenge } from '../../src/auth/types.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { challengeIn, gate, oauthOf, RESOURCE, type Gate } from './scene.ts';

let provider: TestProvider;
let token: string;
let door: Gate;
beforeAll(async () => {
  provider = await startProvider();
  token = await provider.sign(RESOURCE);
  door = gate({ oauth: oauthOf(provider) });
});
afterAll(() => provider.close());

const METADATA = 'resource_metadata="http://localhost:9/.well-known/oauth-protected-resource/mcp", scope="kratos:read"';
const NONE = `Bearer ${METADATA}`;
const INVALID = `Bearer error="invalid_request", error_description="The Authorization header must be Bearer and one token", ${METADATA}`;

test.for([
  ['none', () => [], NONE],
  ['another scheme', () => ['Basic YTpi'], NONE],
  ['a scheme that only begins alike', (it: string) => [`BearerX ${it}`], NONE],
  ['an empty one', () => [''], INVALID],
  ['Bearer alone', () => ['Bearer'], INVALID],
  ['Bearer and a blank', () => ['Bearer '], INVALID],
  ['two tokens', (it: string) => [`Bearer ${it} ${it}`], INVALID],
  ['two tokens with a comma', (it: string) => [`Bearer ${it}, Bearer ${it}`], INVALID],
  ['a token in quotation marks', (it: string) => [`Bearer "${it}"`], INVALID],
  ['the token alone', (it: string) => [it], NONE],
  ['two headers', (it: string) => [`Bearer ${it}`, `Bearer ${it}`], INVALID],
  ['two headers, one of another scheme', (it: string) => ['Basic YTpi', `Bearer ${it}`], INVALID],
  ['a line break', (it: string) => [`Bearer ${it}\n`.replace('\n', '\n.')], INVALID],
] as const)('%s: 401 with this challenge', async ([, headers, expected]) => {
  const { status, wwwAuthenticate } = challengeIn(await door.header(...headers(token)));
  expect([status, wwwAuthenticate]).toEqual([401, expected]);
});

test.for([['Bearer'], ['bearer'], ['BEARER'], ['Bearer  ']] as const)('%s and a token counts', async ([scheme]) => {
  expect(isChallenge(await door.header(`${scheme} ${token}`))).toBe(false);
});

test('a request without a token is no event for the log', async () => {
  const fresh = gate({ oauth: oauthOf(provider) });
  await fresh.header();
  expect([fresh.lines, fresh.refused]).toEqual([[], []]);
});

test('where there is no authorization server the challenge names none', async () => {
  const fresh = gate({});
  expect(challengeIn(await fresh.header()).wwwAuthenticate).toBe('Bearer scope="kratos:read"');
  expect(challengeIn(await fresh.ask(token)).wwwAuthenticate).toMatch(/^Bearer error="invalid_token"/);
});
