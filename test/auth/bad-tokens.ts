/** Tokens that are good but for one flaw each, and the check that must find it. */
import { createHmac, randomBytes } from 'node:crypto';
import { CompactEncrypt, CompactSign, exportSPKI, importJWK, generateKeyPair, SignJWT, type JWTHeaderParameters } from 'jose';
import type { CheckName } from '../../src/auth/types.ts';
import type { Signed, TestProvider } from '../support/provider.ts';
import { RESOURCE } from './scene.ts';

export interface BadToken {
  readonly flaw: string;
  readonly check: CheckName;
  readonly token: string;
}

const b64 = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** `good` is one that is let in; all others are made from it. */
export async function badTokens(provider: TestProvider, idToken: string): Promise<readonly BadToken[]> {
  const { issuer } = provider;
  const now = Math.floor(Date.now() / 1000);
  const { privateKey, jwk } = provider.key();
  const { kid = '' } = jwk;
  const good = await provider.sign(RESOURCE);
  const [header = '', claims = '', signature = ''] = good.split('.');
  const headerOf = { alg: 'ES256', typ: 'at+jwt', kid };
  const claimsOf = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
  const found: Promise<BadToken>[] = [];
  const add = (flaw: string, check: CheckName, token: string | Promise<string>) =>
    found.push(Promise.resolve(token).then((it) => ({ flaw, check, token: it })));
  const signed = (flaw: string, check: CheckName, how: Signed) => add(flaw, check, provider.sign(RESOURCE, how));
  /** The payload as it stands, signed by the real key. */
  const raw = (payload: string | Uint8Array, head: Record<string, unknown> = {}) =>
    new CompactSign(typeof payload === 'string' ? new TextEncoder().encode(payload) : payload)
      .setProtectedHeader({ ...headerOf, ...head } as { alg: string })
      .sign(privateKey);
  const byHand = (head: unknown, sign: (input: string) => string) => {
    const input = `${b64(head)}.${claims}`;
    return `${input}.${sign(input)}`;
  };

  // Algorithms and keys.
  const { d: _, ...publicJwk } = jwk;
  const publicKey = await importJWK({ ...publicJwk, ext: true }, 'ES256', { extractable: true });
  const pem = publicKey instanceof Uint8Array ? '' : await exportSPKI(publicKey);
  const hmac = (key: string) => (input: string) => createHmac('sha256', key).update(input).digest('base64url');
  add(
    'alg none without a signature',
    'form',
    byHand({ ...headerOf, alg: 'none' }, () => ''),
  );
  add(
    'alg none with a signature',
    'alg',
    byHand({ ...headerOf, alg: 'none' }, () => signature),
  );
  add(
    'alg None, in other case',
    'alg',
    byHand({ ...headerOf, alg: 'nOnE' }, () => signature),
  );
  add('HS256 with the public key as its secret', 'alg', byHand({ ...headerOf, alg: 'HS256' }, hmac(pem)));
  add('HS256 with the public JWK as its secret', 'alg', byHand({ ...headerOf, alg: 'HS256' }, hmac(JSON.stringify(publicJwk))));
  add(
    'no alg',
    'alg',
    byHand({ typ: 'at+jwt', kid }, () => signature),
  );
  add(
    'alg that is a list',
    'alg',
    byHand({ ...headerOf, alg: ['ES256'] }, () => signature),
  );
  add(
    'RS256 in the header, signed by the EC key',
    'kid',
    byHand({ ...headerOf, alg: 'RS256' }, () => signature),
  );
  add(
    'ES256 in lower case',
    'alg',
    byHand({ ...headerOf, alg: 'es256' }, () => signature),
  );
  const other = await generateKeyPair('ES256');
  const byOther = (head: object) =>
    new SignJWT(claimsOf).setProtectedHeader({ ...headerOf, ...head } as JWTHeaderParameters).sign(other.privateKey);
  add('another key under the known kid', 'signature', byOther({}));
  add('another key under its own kid', 'kid', byOther({ kid: 'other' }));
  signed('no kid', 'kid', { header: { kid: undefined } });
  signed('an empty kid', 'kid', { header: { kid: '' } });
  signed('a kid that is a number', 'kid', { header: { kid: 1 } });
  signed('a kid in other case', 'kid', { header: { kid: `${kid.slice(0, -1)}X` } });
  signed('a kid that climbs out of a folder', 'kid', { header: { kid: '../../../../dev/null' } });
  add('jwk with its own key', 'own_key', byOther({ jwk: { ...publicJwk } }));
  add('jku to a set of keys', 'own_key', byOther({ jku: `${issuer}/jwks` }));
  signed('x5u', 'own_key', { header: { x5u: 'https://evil.example/cert' } });
  signed('x5c', 'own_key', { header: { x5c: ['MIIB'] } });
  add(
    'crit with an extension nobody knows',
    'crit',
    byHand({ ...headerOf, crit: ['exp'], exp: 1 }, () => signature),
  );
  add(
    'crit that is empty',
    'crit',
    byHand({ ...headerOf, crit: [] }, () => signature),
  );
  add(
    'b64 false',
    'crit',
    byHand({ ...headerOf, b64: false }, () => signature),
  );
  add('a nested token', 'nested', raw(good, { cty: 'JWT' }).then(nestedClaims(claims)));

  // Kinds of token.
  signed('typ JWT', 'typ', { header: { typ: 'JWT' } });
  signed('no typ', 'typ', { header: { typ: undefined } });
  signed('typ of a logout token', 'typ', { header: { typ: 'logout+jwt' } });
  signed('typ that is a list', 'typ', { header: { typ: ['at+jwt'] } });
  signed('typ at+jwt with something behind it', 'typ', { header: { typ: 'at+jwt ' } });
  add('the ID token of the same sign-in', 'typ', idToken);
  signed('an ID token under the name of an access token', 'id_token', { claims: { at_hash: 'x', nonce: 'n' } });
  signed('a refresh token of Keycloak', 'id_token', { claims: { typ: 'Refresh' } });
  signed('a logout token', 'id_token', { claims: { events: {} } });
  signed('bound to a key (DPoP)', 'bound', { claims: { cnf: { jkt: 'x' } } });
  signed('bound to a certificate', 'bound', { claims: { cnf: { 'x5t#S256': 'x' } } });

  // Issuer.
  signed('no iss', 'iss', { claims: { iss: undefined } });
  signed('iss with a slash at its end', 'iss', { claims: { iss: `${issuer}/` } });
  signed('iss in upper case', 'iss', { claims: { iss: issuer.toUpperCase() } });
  signed('iss with something behind it', 'iss', { claims: { iss: `${issuer}.evil.example` } });
  signed('iss that is a list', 'iss', { claims: { iss: [issuer] } });
  signed('iss by another name of the same host', 'iss', { claims: { iss: issuer.replace('127.0.0.1', 'localhost') } });
  signed('iss of somebody else', 'iss', { claims: { iss: 'https://evil.example' } });

  // Audience.
  signed('no aud', 'aud', { claims: { aud: undefined } });
  signed('an empty aud', 'aud', { claims: { aud: '' } });
  signed('an empty list as aud', 'aud', { claims: { aud: [] } });
  signed('aud with a slash at its end', 'aud', { claims: { aud: `${RESOURCE}/` } });
  signed('aud without its path', 'aud', { claims: { aud: new URL(RESOURCE).origin } });
  signed('aud that only begins with ours', 'aud', { claims: { aud: `${RESOURCE}.evil.example` } });
  signed('aud in other case', 'aud', { claims: { aud: RESOURCE.replace('mcp', 'MCP') } });
  signed('aud of the client', 'aud', { claims: { aud: 'agent' } });
  signed('aud with ours among words of one text', 'aud', { claims: { aud: `other ${RESOURCE}` } });
  signed('aud that is an object', 'aud', { claims: { aud: { [RESOURCE]: true } } });
  signed('aud with a list in the list', 'aud', { claims: { aud: [[RESOURCE]] } });
  signed('aud with something else than texts beside ours', 'aud', { claims: { aud: [RESOURCE, 1] } });
  add('the token of another resource', 'aud', provider.machineToken({ resource: 'http://localhost:9/other' }));

  // Time.
  signed('no exp', 'exp', { claims: { exp: undefined } });
  signed('expired 61 seconds ago', 'exp', { claims: { exp: now - 61 } });
  signed('exp that is a text', 'exp', { claims: { exp: String(now + 600) } });
  signed('exp null', 'exp', { claims: { exp: null } });
  add('exp beyond all numbers', 'exp', raw(JSON.stringify({ ...claimsOf, exp: 0 }).replace('"exp":0', '"exp":1e400')));
  signed('exp below zero', 'exp', { claims: { exp: -1 } });
  signed('good in 90 seconds only', 'nbf', { claims: { nbf: now + 90 } });
  signed('nbf that is a text', 'nbf', { claims: { nbf: 'now' } });
  signed('issued in 90 seconds', 'iat', { claims: { iat: now + 90 } });
  signed('iat that is a text', 'iat', { claims: { iat: '0' } });

  // Subject.
  signed('no sub', 'sub', { claims: { sub: undefined } });
  signed('an empty sub', 'sub', { claims: { sub: '' } });
  signed('a sub of blanks', 'sub', { claims: { sub: '  ' } });
  signed('a sub that is a number', 'sub', { claims: { sub: 7 } });
  signed('a sub that is a list', 'sub', { claims: { sub: ['anna'] } });
  signed('a sub with a zero-width blank in it', 'sub', { claims: { sub: 'an\u200Bna' } });
  signed('a sub with a line break in it', 'sub', { claims: { sub: 'anna\nadmin' } });
  signed('a sub of 256 characters', 'sub', { claims: { sub: 'a'.repeat(256) } });
  add('a sub with half a character', 'sub', raw(JSON.stringify({ ...claimsOf, sub: 0 }).replace('"sub":0', '"sub":"a\\ud800"')));
  signed('a client_id that is a number', 'client_id', { claims: { client_id: 7 } });

  // Form.
  const flipped = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  add('another first character of the signature', 'signature', `${header}.${claims}.${flipped}`);
  add('another claim under the same signature', 'signature', `${header}.${b64({ ...claimsOf, sub: 'root' })}.${signature}`);
  add('a signature cut short by a byte', 'signature', `${header}.${claims}.${signature.slice(0, -2)}`);
  add('a token cut in the middle', 'form', good.slice(0, Math.floor(good.length / 2)));
  add('no signature', 'form', `${header}.${claims}.`);
  add('two parts', 'form', `${header}.${claims}`);
  add('four parts', 'form', `${good}.${signature}`);
  add('another spelling of the same signature', 'form', `${header}.${claims}.${sameBytes(signature)}`);
  add('base64 with padding', 'header', `${header}=.${claims}.${signature}`);
  add('claims in plain base64', 'form', plainBase64(header, claimsOf, privateSign(privateKey, headerOf)));
  add('a header with the same member twice', 'form', twice(claims, signature, headerOf));
  add('claims with the same member twice', 'form', raw(JSON.stringify(claimsOf).replace('{', '{"sub":"root",')));
  add('claims that are a list', 'form', raw(JSON.stringify([claimsOf])));
  add('claims that are no JSON', 'form', raw(`${JSON.stringify(claimsOf)},`));
  add('claims with a byte-order mark', 'form', raw(`\uFEFF${JSON.stringify(claimsOf)}`));
  add('claims that are no UTF-8', 'form', raw(Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff]), Buffer.from('"}')])));
  add('claims nested a thousand deep', 'form', raw(`{"x":${'['.repeat(1000)}${']'.repeat(1000)}}`));
  add('an encrypted token', 'form', encrypted(claimsOf));
  add('17 KB', 'size', provider.sign(RESOURCE, { claims: { x: randomBytes(9_000).toString('hex') } }));
  add('a letter that is no ASCII', 'header', `${good.slice(0, 10)}é${good.slice(11)}`);
  add('a letter of another alphabet that looks alike', 'header', `\u0435${good.slice(1)}`);
  add('a blank in the middle', 'header', `${good.slice(0, 10)} ${good.slice(10)}`);

  // What means something elsewhere.
  add('a session token of Kratos', 'kind', `ory_st_${randomBytes(24).toString('base64url')}`);
  add('an API key of Ory Network', 'kind', `ory_pat_${randomBytes(24).toString('base64url')}`);
  add('a refresh token of Ory Hydra', 'kind', `ory_rt_${randomBytes(24).toString('base64url')}`);
  add('an opaque token', 'kind', randomBytes(32).toString('base64url'));
  add('a static token', 'kind', `kmcp_${randomBytes(32).toString('base64url')}`);
  return Promise.all(found);
}

/** The header says that there is a token inside; the claims are good all the same. */
const nestedClaims = (claims: string) => (token: string) => {
  const [header = '', , signature = ''] = token.split('.');
  return `${header}.${claims}.${signature}`;
};

/** The last character of 64 bytes has four bits to spare. */
function sameBytes(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet[alphabet.indexOf(signature.slice(-1)) + 1] ?? '';
  const other = signature.slice(0, -1) + last;
  if (!Buffer.from(other, 'base64url').equals(Buffer.from(signature, 'base64url'))) throw new Error('these are other bytes');
  return other;
}

type Key = ReturnType<TestProvider['key']>['privateKey'];
const privateSign = (key: Key, header: { readonly alg: string }) => (claims: object) =>
  new SignJWT({ ...claims }).setProtectedHeader({ ...header }).sign(key);

/** With a member whose base64 has a `+` or `/`. */
async function plainBase64(_: string, claims: object, sign: (claims: object) => Promise<string>): Promise<string> {
  const [header = '', payload = '', signature = ''] = (await sign({ ...claims, x: '>>>???>>>???>>>???' })).split('.');
  const plain = payload.replaceAll('-', '+').replaceAll('_', '/');
  if (plain === payload) throw new Error('nothing is spelled otherwise');
  return `${header}.${plain}.${signature}`;
}

function twice(claims: string, signature: string, header: object): string {
  return `${b64(JSON.stringify(header).replace('{', '{"alg":"none",'))}.${claims}.${signature}`;
}

async function encrypted(claims: object): Promise<string> {
  const { publicKey } = await generateKeyPair('ECDH-ES', { crv: 'P-256' });
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', typ: 'at+jwt' })
    .encrypt(publicKey);
}
