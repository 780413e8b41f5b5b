/** The issuer's keys: where they are found, how often they are asked for, and how long they count. */
import { createSign, generateKeyPairSync } from 'node:crypto';
import { generateKeyPair, exportJWK, SignJWT, type JWK } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { discoverJwksUrl } from '../../src/auth/discovery.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { callerIn, challengeIn, gate, oauthOf, RESOURCE } from './scene.ts';

const MINUTE = 60_000;
let provider: TestProvider;
beforeEach(async () => {
  provider = await startProvider();
});
afterEach(() => provider.close());

const asked = (path = '/jwks') => provider.requests.get(path) ?? 0;
/** Lives for a day, so that a clock can be moved. */
const longToken = () => provider.sign(RESOURCE, { claims: { exp: Math.floor(Date.now() / 1000) + 86_400 } });

describe('how often they are asked for', () => {
  test('once for many calls at once, and not again for ten minutes', async () => {
    const door = gate({ oauth: oauthOf(provider) });
    const token = await longToken();
    await Promise.all(Array.from({ length: 50 }, async () => callerIn(await door.ask(token))));
    door.pass(9.9 * MINUTE);
    callerIn(await door.ask(token));
    expect(asked()).toBe(1);
    door.pass(0.2 * MINUTE);
    await Promise.all(Array.from({ length: 50 }, async () => callerIn(await door.ask(token))));
    expect(asked()).toBe(2);
  });

  test('a token that comes with many calls at once is checked once', async () => {
    const door = gate({ oauth: oauthOf(provider) });
    const token = await longToken();
    const verify = vi.spyOn(crypto.subtle, 'verify');
    try {
      await Promise.all(Array.from({ length: 50 }, async () => callerIn(await door.ask(token))));
      expect(verify).toHaveBeenCalledTimes(1);
      await Promise.all(Array.from({ length: 50 }, async () => challengeIn(await door.ask(`${token.slice(0, -8)}AAAAAAAA`))));
      expect(verify).toHaveBeenCalledTimes(2);
    } finally {
      verify.mockRestore();
    }
  });

  test('again where the clock was set back, since nobody knows how old they are', async () => {
    const door = gate({ oauth: oauthOf(provider) });
    const token = await longToken();
    callerIn(await door.ask(token));
    door.pass(-11 * MINUTE);
    await door.ask(token);
    expect(asked()).toBe(2);
  });

  test('ten thousand unknown kids bring one more request in 30 seconds', async () => {
    const door = gate({ oauth: oauthOf(provider) });
    callerIn(await door.ask(await longToken()));
    const [, claims, signature] = (await longToken()).split('.');
    const withKid = (kid: string) =>
      `${Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid })).toString('base64url')}.${claims}.${signature}`;
    for (let round = 0; round < 100; round += 1) {
      const all = await Promise.all(Array.from({ length: 100 }, (_, i) => door.ask(withKid(`k${round}-${i}`))));
      expect(all.map((it) => challengeIn(it).status)).toEqual(all.map(() => 401));
    }
    expect(asked()).toBe(2);
    callerIn(await door.ask(await longToken()));
    door.pass(29_000);
    challengeIn(await door.ask(withKid('later')));
    expect(asked()).toBe(2);
    door.pass(2_000);
    challengeIn(await door.ask(withKid('later still')));
    expect(asked()).toBe(3);
  });

  test('also while the provider is down, unknown kids and known ones together ask once in 30 seconds', async () => {
    const door = gate({ oauth: oauthOf(provider) });
    const token = await longToken();
    callerIn(await door.ask(token));
    provider.intercept('/jwks', (_, response) => response.writeHead(503).end());
    door.pass(11 * MINUTE);
    for (let i = 0; i < 20; i += 1) {
      callerIn(await door.ask(token));
      const byOther = await provider.sign(RESOURCE, { header: { kid: `k${i}` }, claims: { exp: 4_000_000_000 } });
      expect(challengeIn(await door.ask(byOther)).status).toBe(503);
    }
    expect(asked()).toBe(2);
  });
});

describe('a new key', () => {
  test('counts at once, and a token of the old one counts as long as the issuer names it', async () => {
    const door = gate({ oauth: oauthOf(provider) });
    const old = await longToken();
    callerIn(await door.ask(old));
    await provider.rotate({ keep: true });
    callerIn(await door.ask(await provider.machineToken({ resource: RESOURCE })));
    callerIn(await door.ask(old));
    door.pass(31_000);
    await provider.rotate();
    callerIn(await door.ask(await longToken()));
    expect(challengeIn(await door.ask(old)).status).toBe(401);
    expect(door.refused).toEqual(['kid']);
  });

  test('that replaces one under the same kid makes the tokens of the old one worthless', async () => {
    const door = gate({ oauth: oauthOf(provider) });
    const old = await longToken();
    callerIn(await door.ask(old));
    const other = await generateKeyPair('ES256', { extractable: true });
    const { d: _, ...jwk } = await exportJWK(other.privateKey);
    answerKeys([{ ...jwk, kid: provider.key().jwk.kid ?? '', alg: 'ES256', use: 'sig' }]);
    door.pass(11 * MINUTE);
    challengeIn(await door.ask(old));
    expect(door.refused).toEqual(['signature']);
  });
});

const answerKeys = (keys: readonly object[]) =>
  provider.intercept('/jwks', (_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys })),
  );

describe('while the provider is down', () => {
  test('known keys count for 59 minutes, and not for 61', async () => {
    const door = gate({ oauth: oauthOf(provider) });
    const token = await longToken();
    callerIn(await door.ask(token));
    await provider.down();
    door.pass(59 * MINUTE);
    callerIn(await door.ask(token));
    callerIn(await door.ask(await provider.sign(RESOURCE, { claims: { sub: 'ben', exp: 4_000_000_000 } })));
    door.pass(2 * MINUTE);
    const { status, wwwAuthenticate } = challengeIn(await door.ask(token));
    expect([status, wwwAuthenticate]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
    expect(door.refused).toEqual(['keys']);
    await provider.up();
    door.pass(31_000);
    callerIn(await door.ask(token));
  });

  test('before there ever were keys nothing can be said: 503, and soon after it is up all is well', async () => {
    await provider.down();
    const door = gate({ oauth: oauthOf(provider) });
    const token = await longToken();
    const { status, wwwAuthenticate } = challengeIn(await door.ask(token));
    expect([status, wwwAuthenticate]).toEqual([503, undefined]);
    await provider.up();
    door.pass(5_000);
    callerIn(await door.ask(token));
    expect(door.lines.some(({ event }) => event === 'the keys of the issuer could not be read')).toBe(true);
  });

  test('a token that is wrong in itself is refused all the same, and nobody is asked', async () => {
    const door = gate({ oauth: oauthOf(provider) });
    await provider.down();
    expect(challengeIn(await door.ask(await provider.sign('http://other.example'))).status).toBe(401);
    expect(door.refused).toEqual(['aud']);
  });
});

describe('where they are', () => {
  test('by the setting, without a look at the metadata', async () => {
    const door = gate({ oauth: oauthOf(provider, { jwksUrl: provider.jwksUrl }) });
    callerIn(await door.ask(await longToken()));
    expect([...provider.requests.keys()]).toEqual(['/jwks']);
  });

  test('by the OpenID metadata where there is none of OAuth', async () => {
    provider.intercept('/.well-known/oauth-authorization-server', (_, response) => response.writeHead(404).end());
    const door = gate({ oauth: oauthOf(provider) });
    callerIn(await door.ask(await longToken()));
    expect(asked('/.well-known/openid-configuration')).toBe(1);
  });

  const metadata = (document: object) => {
    for (const name of ['oauth-authorization-server', 'openid-configuration']) {
      provider.intercept(`/.well-known/${name}`, (_, response) => response.writeHead(200).end(JSON.stringify(document)));
    }
  };
  test.for([
    ['another issuer', (issuer: string) => ({ issuer: 'https://evil.example', jwks_uri: `${issuer}/jwks` }), /calls itself https:\/\/evil/],
    ['the issuer with a slash', (issuer: string) => ({ issuer: `${issuer}/`, jwks_uri: `${issuer}/jwks` }), /must be spelled so/],
    ['no issuer', (issuer: string) => ({ jwks_uri: `${issuer}/jwks` }), /calls itself nothing/],
    ['no jwks_uri', (issuer: string) => ({ issuer }), /names no jwks_uri/],
    ['keys over plain http elsewhere', (issuer: string) => ({ issuer, jwks_uri: 'http://192.0.2.1/jwks' }), /must be https/],
    ['keys with a password in their address', (issuer: string) => ({ issuer, jwks_uri: 'https://a:b@192.0.2.1/jwks' }), /must be https/],
    ['keys that are no web address', (issuer: string) => ({ issuer, jwks_uri: 'file:///etc/passwd' }), /must be https/],
  ] as const)('metadata with %s is not believed', async ([, document, why]) => {
    metadata(document(provider.issuer));
    const door = gate({ oauth: oauthOf(provider) });
    expect(challengeIn(await door.ask(await longToken())).status).toBe(503);
    expect(asked()).toBe(0);
    expect(String(door.lines[0]?.fields['reason'])).toMatch(why);
  });
});

describe('what is answered', () => {
  const whyNot = async () => {
    const door = gate({ oauth: oauthOf(provider, { jwksUrl: provider.jwksUrl }) });
    expect(challengeIn(await door.ask(await longToken())).status).toBe(503);
    return String(door.lines[0]?.fields['reason']);
  };

  test('a redirect is not followed', async () => {
    provider.intercept('/jwks', (_, response) => response.writeHead(302, { location: `${provider.issuer}/keys` }).end());
    expect(await whyNot()).toMatch(/Redirects are not followed/);
    expect(asked('/keys')).toBe(0);
  });

  test('more than 64 KB is not read, whether it ends or not; less is', async () => {
    const { d: _, ...jwk } = provider.key().jwk;
    const body = JSON.stringify({ keys: [jwk] });
    provider.intercept('/jwks', (_, response) => response.writeHead(200).end(body.padEnd(64 * 1024)));
    callerIn(await gate({ oauth: oauthOf(provider) }).ask(await longToken()));
    provider.intercept('/jwks', (_, response) => response.writeHead(200).end(body.padEnd(64 * 1024 + 1)));
    expect(await whyNot()).toMatch(/cannot be asked/);
    provider.intercept('/jwks', (_, response) => {
      response.writeHead(200);
      response.write('{"keys":[');
      const more = setInterval(() => response.write(' '.repeat(64 * 1024)), 1);
      response.once('close', () => clearInterval(more));
    });
    expect(await whyNot()).toMatch(/cannot be asked/);
  });

  test('a private key among them is left out, and the others count', async () => {
    const { d: _, ...jwk } = provider.key().jwk;
    const leaked = await generateKeyPair('ES256', { extractable: true });
    answerKeys([{ ...(await exportJWK(leaked.privateKey)), kid: 'leaked' }, jwk]);
    const claims = { iss: provider.issuer, aud: RESOURCE, sub: 'anna', exp: Math.floor(Date.now() / 1000) + 60 };
    const door = gate({ oauth: oauthOf(provider) });
    challengeIn(
      await door.ask(await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'leaked', typ: 'at+jwt' }).sign(leaked.privateKey)),
    );
    expect(door.refused).toEqual(['kid']);
    callerIn(await door.ask(await longToken()));
  });

  test.for([
    ['no JSON', '<html>'],
    ['a list', '[]'],
    ['no keys', '{}'],
    ['keys that are no list', '{"keys":{}}'],
    ['no usable key', '{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}'],
    ['a key that is nothing', '{"keys":[null]}'],
  ] as const)('%s is as good as no answer', async ([, body]) => {
    provider.intercept('/jwks', (_, response) => response.writeHead(200).end(body));
    expect(await whyNot()).not.toBe('undefined');
  });

  test('a provider that says nothing is given up after three seconds', async () => {
    provider.intercept('/jwks', () => {});
    const began = performance.now();
    expect(await whyNot()).toMatch(/no answer in time/);
    expect(performance.now() - began).toBeLessThan(6_000);
  });

  test('RSA and Ed25519 keys count beside EC ones, an encryption key and a short RSA key do not', async () => {
    const make = async (alg: string, options: object = {}) => generateKeyPair(alg, { extractable: true, ...options });
    const [rsa, ed, enc] = await Promise.all([make('RS256'), make('EdDSA', { crv: 'Ed25519' }), make('ES256')]);
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const named = async (pair: Awaited<ReturnType<typeof make>>, more: JWK) => {
      const { d: _, p: __, q: ___, dp: ____, dq: _____, qi: ______, ...jwk } = await exportJWK(pair.privateKey);
      return { ...jwk, ...more };
    };
    answerKeys([
      await named(rsa, { kid: 'rsa', use: 'sig' }),
      await named(ed, { kid: 'ed' }),
      await named(enc, { kid: 'enc', use: 'enc' }),
      { ...short.publicKey.export({ format: 'jwk' }), kid: 'short' },
      { kty: 'oct', kid: 'oct', k: 'AAAA' },
    ]);
    const claims = { iss: provider.issuer, aud: RESOURCE, sub: 'anna', exp: Math.floor(Date.now() / 1000) + 60 };
    const sign = (alg: string, kid: string, pair: Awaited<ReturnType<typeof make>>) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'at+jwt' }).sign(pair.privateKey);
    const door = gate({ oauth: oauthOf(provider) });
    callerIn(await door.ask(await sign('RS256', 'rsa', rsa)));
    callerIn(await door.ask(await sign('EdDSA', 'ed', ed)));
    challengeIn(await door.ask(await sign('ES256', 'enc', enc)));
    challengeIn(await door.ask(await sign('RS256', 'ed', rsa)));
    const input = (await sign('RS256', 'rsa', rsa)).split('.')[1] ?? '';
    const head = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'short', typ: 'at+jwt' })).toString('base64url');
    const signature = createSign('sha256').update(`${head}.${input}`).sign(short.privateKey, 'base64url');
    challengeIn(await door.ask(`${head}.${input}.${signature}`));
    expect(door.refused).toEqual(['kid', 'kid', 'signature']);
  });
});

test('an issuer that is reached by https names no keys in clear, not even on this machine', async () => {
  const issuer = 'https://id.example.com';
  const at = (url: string) => discoverJwksUrl(issuer, async () => ({ issuer, jwks_uri: url }));
  await expect(at('http://127.0.0.1:9/jwks')).rejects.toThrow('is not https');
  expect(await at(`${issuer}/jwks`)).toBe(`${issuer}/jwks`);
});
