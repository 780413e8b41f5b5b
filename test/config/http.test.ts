/** Which doors may be opened: what can be reached from elsewhere needs authentication, encryption and a name. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { httpConfig } from '../../src/config/http.ts';
import { load, type Env } from '../../src/config/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'http-'));
afterAll(() => rmSync(folder, { recursive: true }));
function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}
const secret = file('secret', 'x'.repeat(40));
const tokens = file('tokens.json', '{}');
const config = (env: Env) => httpConfig(load({}, { KRATOS_MCP_SANDBOX: 'true', ...env }).settings);

const AUTH = { KRATOS_MCP_TOKENS_FILE: tokens };
const OAUTH = { KRATOS_MCP_OAUTH_ISSUER: 'https://login.example.com/' };
const PROXY = { KRATOS_MCP_BEHIND_TLS_PROXY: 'true' };
const TLS = {
  KRATOS_MCP_TLS_CERT_FILE: file('cert.pem', '-----BEGIN CERTIFICATE-----'),
  KRATOS_MCP_TLS_KEY_FILE: file('key.pem', '-----BEGIN KEY-----'),
};
const NAME = { KRATOS_MCP_EXTERNAL_URL: 'https://identity-mcp.example.com' };
const at = (http: string) => ({ KRATOS_MCP_HTTP: http });

describe('who starts', () => {
  test.each<[what: string, env: Env]>([
    ['loopback, open', at('8080')],
    ['loopback by name', at('localhost:8080')],
    ['127.0.0.1', at('127.0.0.1:8080')],
    ['[::1]', at('[::1]:8080')],
    ['loopback with tokens', { ...at('8080'), ...AUTH }],
    ['loopback by further ports of it, open', { ...at('8080'), KRATOS_MCP_ALLOWED_HOSTS: 'localhost:9090,[::1]:9090' }],
    ['loopback for a page of this machine, open', { ...at('8080'), KRATOS_MCP_ALLOWED_ORIGINS: 'http://localhost:6274' }],
    ['loopback under a further name with tokens', { ...at('8080'), ...AUTH, KRATOS_MCP_ALLOWED_HOSTS: 'inside:8080' }],
    ['everywhere with tokens behind a proxy', { ...at('0.0.0.0:8080'), ...AUTH, ...PROXY, ...NAME }],
    ['everywhere with tokens and TLS', { ...at('0.0.0.0:8080'), ...AUTH, ...TLS, ...NAME }],
    ['everywhere with OAuth and TLS', { ...at('[::]:8080'), ...OAUTH, ...TLS, ...NAME }],
    ['loopback behind a proxy with OAuth', { ...at('8080'), ...OAUTH, ...PROXY, ...NAME }],
  ])('%s', (_, env) => expect(config(env).bind.port).toBe(8080));

  test.each<[what: string, env: Env, why: RegExp]>([
    ['everywhere, open', at('0.0.0.0:8080'), /nobody would have to say who they are/],
    ['everywhere in IPv6, open', at('[::]:8080'), /nobody would have to say/],
    ['another address, open behind a proxy', { ...at('10.0.0.1:8080'), ...PROXY, ...NAME }, /nobody would have to say/],
    ['another address, open with TLS', { ...at('10.0.0.1:8080'), ...TLS, ...NAME }, /nobody would have to say/],
    ['everywhere with tokens in clear', { ...at('0.0.0.0:8080'), ...AUTH, ...NAME }, /without encryption/],
    ['everywhere with OAuth in clear', { ...at('0.0.0.0:8080'), ...OAUTH, ...NAME }, /without encryption/],
    ['loopback behind a proxy, open', { ...at('8080'), ...PROXY, ...NAME }, /nobody would have to say/],
    ['loopback behind a proxy that gives no name, open', { ...at('8080'), ...PROXY }, /nobody would have to say/],
    ['loopback behind a proxy that gives no name, with tokens', { ...at('8080'), ...AUTH, ...PROXY }, /--external-url\) is needed/],
    ['loopback under a public name, open', { ...at('8080'), ...NAME }, /nobody would have to say/],
    ['loopback under a further name, open', { ...at('8080'), KRATOS_MCP_ALLOWED_HOSTS: 'localhost:8080,inside:8080' }, /nobody would have/],
    ['loopback for a page of the web, open', { ...at('8080'), KRATOS_MCP_ALLOWED_ORIGINS: 'https://app.example.com' }, /nobody would have/],
    ['loopback with a proxy before it, open', { ...at('8080'), KRATOS_MCP_TRUSTED_PROXIES: '127.0.0.1' }, /nobody would have/],
    ['everywhere without a name', { ...at('0.0.0.0:8080'), ...AUTH, ...TLS }, /--external-url\) is needed/],
    ['an IPv4 address in IPv6', at('[::ffff:127.0.0.1]:8080'), /as it is/],
    ['a public name without TLS', { ...at('8080'), ...AUTH, KRATOS_MCP_EXTERNAL_URL: 'http://identity-mcp.example.com' }, /must be https/],
    ['a name to listen on', at('example.com:8080'), /must name an address/],
    ['no port', at('localhost'), /\[HOST:\]PORT/],
    ['a port that is none', at('70000'), /\[HOST:\]PORT/],
    ['half of TLS', { ...at('8080'), KRATOS_MCP_TLS_CERT_FILE: TLS.KRATOS_MCP_TLS_CERT_FILE }, /belong together/],
    ['a key that others can read', { ...at('8080'), ...TLS, KRATOS_MCP_TLS_KEY_FILE: file('open.pem', 'x', 0o644) }, /chmod 600/],
    ['a plain issuer', { ...at('8080'), KRATOS_MCP_OAUTH_ISSUER: 'http://login.example.com' }, /must be https/],
    ['an issuer with a password', { ...at('8080'), KRATOS_MCP_OAUTH_ISSUER: 'https://a:b@login.example.com' }, /user name or password/],
    ['an origin with a star', { ...at('8080'), KRATOS_MCP_ALLOWED_ORIGINS: 'https://*.example.com' }, /exact origins/],
    ['an origin with a path', { ...at('8080'), KRATOS_MCP_ALLOWED_ORIGINS: 'https://app.example.com/' }, /exact origins/],
    ['a host with a star', { ...at('8080'), KRATOS_MCP_ALLOWED_HOSTS: '*.example.com' }, /no \*/],
    ['an external path', { ...at('8080'), ...OAUTH, ...PROXY, KRATOS_MCP_EXTERNAL_URL: 'https://example.com/mcp' }, /must be an origin/],
  ])('and who does not: %s', (_, env, why) => expect(() => config(env)).toThrow(why));
});

test('the issuer keeps the slash at its end: it is compared by characters', () => {
  expect(config({ ...at('8080'), ...OAUTH }).oauth?.issuer).toBe('https://login.example.com/');
});

test('what is answered to is the external name, and loopback only where it listens there', () => {
  expect(config(at('8080')).hosts(8080)).toEqual(['127.0.0.1:8080', '[::1]:8080', 'localhost:8080']);
  expect(config({ ...at('0.0.0.0:8080'), ...AUTH, ...TLS, ...NAME }).hosts(8080)).toEqual(['identity-mcp.example.com']);
  expect(config({ ...at('0.0.0.0:8080'), ...AUTH, ...TLS, ...NAME, KRATOS_MCP_ALLOWED_HOSTS: 'Inside:8443' }).hosts(8080)).toEqual([
    'identity-mcp.example.com',
    'inside:8443',
  ]);
});

describe('what belongs together', () => {
  const login = { KRATOS_MCP_APPROVALS_CLIENT_ID: 'page' };
  test.each<[what: string, env: Env, why: RegExp]>([
    [
      'introspection without a client',
      { ...OAUTH, KRATOS_MCP_OAUTH_INTROSPECTION_URL: 'https://login.example.com/introspect' },
      /belong together/,
    ],
    ['keys without an issuer', { KRATOS_MCP_OAUTH_JWKS_URL: 'https://login.example.com/keys' }, /KRATOS_MCP_OAUTH_ISSUER .* is needed/],
    ['a sign-in without an issuer', login, /where approvers sign in/],
    ['a sign-in without a client', { KRATOS_MCP_APPROVALS_ISSUER: 'https://login.example.com' }, /the client that approvers sign in with/],
    [
      'two issuers that are told apart by sub',
      { ...OAUTH, ...login, KRATOS_MCP_APPROVALS_ISSUER: 'https://other.example.com' },
      /name a claim that both have/,
    ],
    ['a webhook without a key', { KRATOS_MCP_NOTIFY_URL: 'https://hooks.example.com/x' }, /belong together/],
    [
      'a webhook with a short key',
      { KRATOS_MCP_NOTIFY_URL: 'https://hooks.example.com/x', KRATOS_MCP_NOTIFY_SECRET_FILE: file('short', 'x') },
      /32 characters/,
    ],
    ['a webhook in clear', { KRATOS_MCP_NOTIFY_URL: 'http://hooks.example.com/x', KRATOS_MCP_NOTIFY_SECRET_FILE: secret }, /must be https/],
    ['groups without scopes', { ...OAUTH, KRATOS_MCP_OAUTH_GROUP_SCOPES: 'helpdesk' }, /must be like/],
    ['more assurance than there is', { KRATOS_MCP_ASSURANCE: 'L1' }, /L0 at most/],
    ['L2 without a sign-in', { ...OAUTH, KRATOS_MCP_ASSURANCE: 'L2' }, /L1 at most/],
  ])('%s', (_, env, why) => expect(() => config({ ...at('8080'), ...env })).toThrow(why));

  test('two issuers with a claim that names a person', () => {
    const env = { ...OAUTH, ...login, KRATOS_MCP_APPROVALS_ISSUER: 'https://other.example.com', KRATOS_MCP_OAUTH_PERSON_CLAIM: 'email' };
    expect(config({ ...at('8080'), ...env }).login?.issuer).toBe('https://other.example.com');
  });
  test('the level is what the settings can bear, and never more by itself than is sure', () => {
    expect(config(at('8080')).level).toBe('L0');
    expect(config({ ...at('8080'), ...AUTH }).level).toBe('L0');
    expect(config({ ...at('8080'), ...AUTH, KRATOS_MCP_ASSURANCE: 'L1' }).level).toBe('L1');
    expect(config({ ...at('8080'), ...OAUTH, ...login }).level).toBe('L2');
    expect(config({ ...at('8080'), ...OAUTH, ...login, KRATOS_MCP_ASSURANCE: 'L3' }).level).toBe('L3');
  });
  test('several replicas make changes only with a store and keys', () => {
    expect(config(at('8080')).changesOff).toBeUndefined();
    expect(config({ ...at('8080'), KRATOS_MCP_REPLICAS: '2' }).changesOff).toMatch(/would not know of each other/);
    expect(config({ ...at('8080'), KRATOS_MCP_STORE: 'redis://127.0.0.1' }).changesOff).toMatch(/STATE_KEYS is not set/);
    const both = { KRATOS_MCP_STORE: 'redis://127.0.0.1', KRATOS_MCP_STATE_KEYS: 'a', KRATOS_MCP_REPLICAS: '2' };
    expect(config({ ...at('8080'), ...both }).changesOff).toBeUndefined();
  });
});

test('what is for HTTP is refused on stdio: it would not be there', () => {
  expect(() => load({}, { KRATOS_MCP_SANDBOX: 'true', ...AUTH })).toThrow(/KRATOS_MCP_TOKENS_FILE is for serving over HTTP/);
  expect(() => load({ store: 'redis://127.0.0.1' }, { KRATOS_MCP_SANDBOX: 'true' })).toThrow(/--store is for serving over HTTP/);
});

test('a proxy whose forwarded addresses do not count is told of: limits by address are then for all clients together', () => {
  const behind = { ...at('8080'), ...AUTH, ...PROXY, ...NAME };
  expect(config(behind).oneAddress).toMatch(/--trusted-proxies/);
  expect(config({ ...behind, KRATOS_MCP_TRUSTED_PROXIES: '10.0.0.0/8' }).oneAddress).toBeUndefined();
  expect(config({ ...at('8080'), ...AUTH }).oneAddress).toBeUndefined();
});
