import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { load } from '../../src/config/load.ts';
import type { KratosTarget } from '../../src/config/target.ts';
import { UsageError } from '../../src/errors.ts';

const LOCAL = { KRATOS_ADMIN_URL: 'http://127.0.0.1:4434' };
const NETWORK = { KRATOS_ADMIN_URL: 'https://slug.projects.oryapis.com' };
const CANARY = 'canary-7f3a';

const folder = mkdtempSync(join(tmpdir(), 'settings-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
function file(text: string, mode = 0o600): string {
  const path = join(folder, `file-${(files += 1)}`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function kratos(env: Record<string, string>, flags: Record<string, string> = {}): KratosTarget {
  const { target } = load(flags, env).settings;
  if (target.kind !== 'kratos') throw new Error('expected a Kratos');
  return target;
}
function refusal(env: Record<string, string>, flags: Record<string, string> = {}): string {
  try {
    load(flags, env);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('an address', () => {
  test.each([
    ['http://127.0.0.1:4434/', 'http://127.0.0.1:4434'],
    ['https://kratos.example/base/path//', 'https://kratos.example/base/path'],
    ['HTTPS://Kratos.Example:443', 'https://kratos.example'],
    ['http://[::1]:4434', 'http://[::1]:4434'],
    ['http://kratos:4434', 'http://kratos:4434'],
  ])('%s is taken', (given, kept) => {
    expect(kratos({ KRATOS_ADMIN_URL: given }).adminUrl).toBe(kept);
  });

  test.each([
    ['127.0.0.1:4434', 'is no URL'],
    ['localhost:4434', 'must begin with http'],
    ['ftp://kratos.example', 'must begin with http'],
    ['file:///etc/passwd', 'must begin with http'],
    [`http://user:${CANARY}@kratos.example`, 'user name or password'],
    [`http://${CANARY}@kratos.example`, 'user name or password'],
    ['http://@kratos.example', 'user name or password'],
    [`https://kratos.example/?key=${CANARY}`, 'query or fragment'],
    ['https://kratos.example/?', 'query or fragment'],
    ['https://kratos.example/#', 'query or fragment'],
    ['https://kratos.example\\@evil.example', 'is no URL'],
    ['https://kra\ttos.example', 'is no URL'],
    ['http://169.254.169.254', 'metadata'],
    ['http://169.254.0.1:80/latest', 'metadata'],
    ['http://2852039166', 'metadata'],
    ['http://0xa9.0xfe.0xa9.0xfe', 'metadata'],
    ['http://[::ffff:169.254.169.254]', 'metadata'],
    ['http://[fd00:ec2::254]', 'metadata'],
    ['http://[fd00:0ec2:0:0::0254]', 'metadata'],
  ])('%j is refused, and not repeated', (given, why) => {
    for (const name of ['KRATOS_ADMIN_URL', 'KRATOS_PUBLIC_URL']) {
      const message = refusal({ ...LOCAL, [name]: given });
      expect(message).toMatch(new RegExp(`^${name} .*${why}`));
      expect(message).not.toContain(CANARY);
      expect(message).not.toContain('\n');
    }
  });

  test('that ends in /admin is taken, with a notice', () => {
    expect(load({}, { KRATOS_ADMIN_URL: 'http://127.0.0.1:4434/admin' }).notices.join()).toMatch(/^KRATOS_ADMIN_URL ends in \/admin/);
  });
});

describe('sandbox or Kratos', () => {
  test('--sandbox needs nothing else', () => {
    expect(load({ sandbox: true }, {}).settings.target).toEqual({ kind: 'sandbox' });
  });
  test('the flag goes before the variable, and a notice says what is ignored', () => {
    const asked = load({ sandbox: true }, LOCAL);
    expect(asked.settings.target.kind).toBe('sandbox');
    expect(asked.notices).toEqual(['KRATOS_ADMIN_URL is ignored: --sandbox was given.']);
    const other = load({ 'admin-url': 'http://127.0.0.1:4434' }, { KRATOS_MCP_SANDBOX: 'true' });
    expect(other.settings.target.kind).toBe('kratos');
    expect(other.notices).toEqual(['KRATOS_MCP_SANDBOX is ignored: --admin-url was given.']);
  });
  test('both in the same way are refused', () => {
    expect(refusal({ ...LOCAL, KRATOS_MCP_SANDBOX: '1' })).toBe(
      'KRATOS_MCP_SANDBOX and KRATOS_ADMIN_URL contradict each other. Keep one of them.',
    );
  });
});

describe('a credential', () => {
  test('of a project makes it Ory Network: one address for both', () => {
    const target = kratos({ ...NETWORK, ORY_PROJECT_API_KEY: 'ory_pat_abc' });
    expect(target).toMatchObject({ network: true, publicUrl: NETWORK.KRATOS_ADMIN_URL });
    expect(target.bearer?.reveal()).toBe('ory_pat_abc');
  });
  test('of a project with a domain of its own does the same; a public address of its own stays', () => {
    const env = { KRATOS_ADMIN_URL: 'https://auth.example', ORY_PROJECT_API_KEY: 'k' };
    expect(kratos(env)).toMatchObject({ network: true, publicUrl: 'https://auth.example' });
    expect(kratos({ ...env, KRATOS_PUBLIC_URL: 'https://id.example' }).publicUrl).toBe('https://id.example');
  });
  test('is not needed by a Kratos of your own, which then has no public address by itself', () => {
    expect(kratos(LOCAL)).toEqual({ kind: 'kratos', adminUrl: 'http://127.0.0.1:4434', network: false, tls: {} });
    expect(kratos({ ...LOCAL, KRATOS_PUBLIC_URL: 'http://127.0.0.1:4433' }).publicUrl).toBe('http://127.0.0.1:4433');
  });
  test('missing on Ory Network: refused, with both ways to give one', () => {
    expect(refusal(NETWORK)).toBe(
      'Ory Network wants an API key of the project: set ORY_PROJECT_API_KEY or ORY_PROJECT_API_KEY_FILE (--project-api-key-file).',
    );
    expect(refusal({ ...NETWORK, KRATOS_ADMIN_TOKEN_FILE: file('t') })).toMatch(/^Ory Network wants an API key/);
  });
  test('is read from a file, its line break cut off', () => {
    const path = file('ory_pat_file\n');
    expect(kratos({ ...NETWORK, ORY_PROJECT_API_KEY_FILE: path }).bearer?.reveal()).toBe('ory_pat_file');
    expect(kratos(NETWORK, { 'project-api-key-file': path }).bearer?.reveal()).toBe('ory_pat_file');
    const self = kratos({ ...LOCAL, KRATOS_ADMIN_TOKEN_FILE: path });
    expect(self).toMatchObject({ network: false });
    expect(self.bearer?.reveal()).toBe('ory_pat_file');
    expect(kratos(LOCAL, { 'admin-token-file': path }).bearer?.reveal()).toBe('ory_pat_file');
  });
  test('given twice: flag before variable before file', () => {
    const path = file('from-file');
    const env = { ...NETWORK, ORY_PROJECT_API_KEY: 'from-env' };
    expect(kratos({ ...env, ORY_PROJECT_API_KEY_FILE: path }).bearer?.reveal()).toBe('from-env');
    expect(kratos(env, { 'project-api-key-file': path }).bearer?.reveal()).toBe('from-file');
    expect(load({}, { ...env, ORY_PROJECT_API_KEY_FILE: path }).notices).toEqual([
      'ORY_PROJECT_API_KEY_FILE is ignored: ORY_PROJECT_API_KEY was given.',
    ]);
  });
  test('of both kinds is refused', () => {
    expect(refusal({ ...LOCAL, ORY_PROJECT_API_KEY: 'k', KRATOS_ADMIN_TOKEN_FILE: file('t') })).toMatch(/Keep the one that fits\.$/);
  });
  test('of a workspace is refused with the reason, wherever it stands', () => {
    const key = `ory_wak_${CANARY}`;
    for (const env of [
      { ...NETWORK, ORY_PROJECT_API_KEY: key },
      { ...NETWORK, ORY_PROJECT_API_KEY_FILE: file(key) },
      { ...LOCAL, KRATOS_ADMIN_TOKEN_FILE: file(key) },
    ]) {
      expect(refusal(env)).toMatch(/workspace key \(ory_wak_…\), which administers workspaces and projects/);
      expect(refusal(env)).not.toContain(CANARY);
    }
  });
  test.each(['two words', 'line\nbreak', 'ünicode', 'nul\0'])('%j can be no token', (text) => {
    expect(refusal({ ...NETWORK, ORY_PROJECT_API_KEY_FILE: file(text) })).toMatch(/must hold one token/);
  });
  test.each([0o640, 0o604, 0o660, 0o622])('in a file of mode %o is refused', (mode) => {
    const message = refusal({ ...NETWORK, ORY_PROJECT_API_KEY_FILE: file(CANARY, mode) });
    expect(message).toBe('ORY_PROJECT_API_KEY_FILE names a file that others than its owner can use. Run chmod 600 on it.');
    expect(refusal({ ...LOCAL, KRATOS_ADMIN_TOKEN_FILE: file(CANARY, mode) })).toMatch(/^KRATOS_ADMIN_TOKEN_FILE names a file that others/);
  });
  test('in an empty file, a missing one or a folder is refused', () => {
    expect(refusal({ ...NETWORK, ORY_PROJECT_API_KEY_FILE: file(' \n') })).toMatch(/^ORY_PROJECT_API_KEY_FILE names an empty file/);
    expect(refusal({ ...NETWORK, ORY_PROJECT_API_KEY_FILE: join(folder, 'none') })).toMatch(/can't be read \(ENOENT\)/);
    expect(refusal({ ...NETWORK, ORY_PROJECT_API_KEY_FILE: folder })).toMatch(/is no regular file/);
  });

  test.each([
    'http://kratos.example',
    'http://10.0.0.1:4434',
    'http://0.0.0.0:4434',
    'http://localhost.example',
    'http://127.0.0.1.nip.io',
  ])('never goes over plain http to %s', (address) => {
    const message = 'KRATOS_ADMIN_URL is plain http: a credential would travel in clear. Use https, or an address on loopback.';
    expect(refusal({ KRATOS_ADMIN_URL: address, ORY_PROJECT_API_KEY: 'k' })).toBe(message);
    expect(refusal({ KRATOS_ADMIN_URL: address, KRATOS_ADMIN_TOKEN_FILE: file('t') })).toBe(message);
    expect(kratos({ KRATOS_ADMIN_URL: address }).adminUrl).toBe(address); // without one that is the operator's business
  });
  test.each(['http://localhost:4434', 'http://127.0.0.1:4434', 'http://127.8.9.1', 'http://[::1]:4434'])('may go to %s', (address) => {
    expect(kratos({ KRATOS_ADMIN_URL: address, KRATOS_ADMIN_TOKEN_FILE: file('t') }).bearer?.reveal()).toBe('t');
  });

  test('shows nowhere: not when printed, not as JSON', () => {
    const { settings } = load({}, { ...NETWORK, ORY_PROJECT_API_KEY: CANARY, HTTPS_PROXY: `http://u:${CANARY}@proxy.example` });
    expect(inspect(settings, { depth: 9, showHidden: true })).not.toContain(CANARY);
    expect(JSON.stringify(settings)).not.toContain(CANARY);
    expect(String(settings.projectApiKey)).toBe('[redacted]');
  });
});

describe('TLS and proxies', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----';

  test('authorities, certificate and key are read from their files', () => {
    const files = { KRATOS_CA_FILE: file(pem, 0o644), KRATOS_CLIENT_CERT_FILE: file(pem, 0o644), KRATOS_CLIENT_KEY_FILE: file(pem) };
    const { tls } = kratos({ ...LOCAL, ...files });
    expect([tls.ca, tls.cert, tls.key?.reveal()]).toEqual([pem, pem, pem]);
    const flags = {
      'ca-file': files.KRATOS_CA_FILE,
      'client-cert-file': files.KRATOS_CLIENT_CERT_FILE,
      'client-key-file': files.KRATOS_CLIENT_KEY_FILE,
    };
    expect(kratos(LOCAL, flags).tls.ca).toBe(pem);
  });
  test('certificate and key belong together', () => {
    expect(refusal({ ...LOCAL, KRATOS_CLIENT_CERT_FILE: file(pem) })).toMatch(/belong together/);
    expect(refusal({ ...LOCAL, KRATOS_CLIENT_KEY_FILE: file(pem) })).toMatch(/belong together/);
  });
  test('a key that others can read, and a file that is not PEM, are refused', () => {
    const cert = file(pem);
    expect(refusal({ ...LOCAL, KRATOS_CLIENT_CERT_FILE: cert, KRATOS_CLIENT_KEY_FILE: file(pem, 0o644) })).toMatch(/Run chmod 600/);
    expect(refusal({ ...LOCAL, KRATOS_CA_FILE: file('DER') })).toMatch(/is not PEM/);
  });
  test('a proxy is a URL, or a host and port', () => {
    const target = kratos({ ...LOCAL, HTTPS_PROXY: 'proxy.example:3128', HTTP_PROXY: 'http://u:p@proxy.example', NO_PROXY: 'a,b' });
    expect([target.httpsProxy?.reveal(), target.httpProxy?.reveal(), target.noProxy]).toEqual([
      'http://proxy.example:3128',
      'http://u:p@proxy.example',
      'a,b',
    ]);
    expect(refusal({ ...LOCAL, HTTPS_PROXY: `socks5://u:${CANARY}@proxy.example` })).toBe(
      'HTTPS_PROXY is no http or https URL. Give an address like http://proxy.example:3128.',
    );
  });
});
