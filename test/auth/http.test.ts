/** Tokens at the real door: what is refused is answered by the transport and dispatched to nobody; the whole way of OAuth with the SDK's own client. */
import { Client, StreamableHTTPClientTransport, UnauthorizedError, type OAuthClientProvider } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthenticate } from '../../src/auth/authenticate.ts';
import { metadataOf, metadataPaths, resourceMetadataUrl } from '../../src/auth/metadata.ts';
import type { AuthOptions } from '../../src/auth/types.ts';
import { freePort } from '../../src/cli/free-port.ts';
import { noMeter } from '../../src/lib/meter.ts';
import { callerOf } from '../../src/server/http/caller-of.ts';
import { seed } from '../../src/seed.ts';
import type { HttpPorts } from '../../src/server/http/types.ts';
import { openHttpHarness, plainPorts, type HttpHarness } from '../support/http.ts';
import { CLIENTS, startProvider, type TestProvider } from '../support/provider.ts';
import { badTokens } from './bad-tokens.ts';
import { oauthOf, RESOURCE } from './scene.ts';

let provider: TestProvider;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());

async function open(options: (port: number) => Partial<AuthOptions>): Promise<{ readonly it: HttpHarness; readonly built: () => number }> {
  const port = await freePort();
  const all = { resource: `http://localhost:${port}/mcp`, ...options(port) };
  const ports = { log: plainPorts.log, meter: noMeter, now: () => Date.now() };
  let built = 0;
  const http: Partial<HttpPorts> = {
    bind: { hosts: [], port },
    authenticate: createAuthenticate(all, ports),
    resourceMetadataUrl: resourceMetadataUrl(all),
    metadata: Object.fromEntries(metadataPaths(all).map((path) => [path, metadataOf(all)])),
    failuresPerMinute: 100_000,
  };
  const it = await openHttpHarness({
    http,
    outside: {
      callerOf: (auth) => {
        built += 1;
        return callerOf(auth);
      },
    },
  });
  return { it, built: () => built };
}
const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
const post = (url: string, authorization: string | undefined) =>
  fetch(url, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(authorization !== undefined && { authorization }),
    },
  });

test('no bad token gets beyond the door: 401 with a challenge, nobody asked who calls, nothing of the token in the answer', async () => {
  const { it, built } = await open(() => ({ oauth: oauthOf(provider) }));
  try {
    const { id_token: idToken = '' } = await provider.userToken({ resource: RESOURCE });
    for (const { flaw, token } of await badTokens(provider, idToken)) {
      // A header of Node's own `fetch` holds Latin-1 only, and Node's server takes 16 KiB of headers.
      if (/[^\0-\xff]/.test(token) || token.length > 16_000) continue;
      const reply = await post(it.url, `Bearer ${token}`);
      expect([flaw, reply.status, reply.headers.get('www-authenticate')]).toEqual([
        flaw,
        401,
        expect.stringMatching(/^Bearer error="invalid_/),
      ]);
      expect(await reply.text()).not.toContain(token.slice(0, 30));
    }
    expect(built()).toBe(0);
    expect((await post(it.url, `Bearer ${await provider.sign(RESOURCE)}`)).status).toBe(200);
    expect(built()).toBeGreaterThan(0);
  } finally {
    await it.close();
  }
});

test('a token in the address or in the body is none', async () => {
  const { it, built } = await open(() => ({ oauth: oauthOf(provider) }));
  try {
    const token = await provider.sign(RESOURCE);
    const reply = await post(`${it.url}?access_token=${token}`, undefined);
    expect([reply.status, /error=/.test(reply.headers.get('www-authenticate') ?? '')]).toEqual([401, false]);
    const form = await fetch(it.url, { method: 'POST', body: new URLSearchParams({ access_token: token }) });
    expect(form.status).toBeGreaterThanOrEqual(400);
    expect(built()).toBe(0);
  } finally {
    await it.close();
  }
});

/** A client that keeps what it gets, and whose person signs in as soon as it is sent there. */
function person(signIn: TestProvider) {
  let [tokens, verifier, back]: [Awaited<ReturnType<OAuthClientProvider['tokens']>>, string, URL | undefined] = [undefined, '', undefined];
  let discovered: Parameters<NonNullable<OAuthClientProvider['saveDiscoveryState']>>[0] | undefined;
  const asked: URL[] = [];
  const auth: OAuthClientProvider = {
    redirectUrl: 'http://127.0.0.1:7777/callback',
    clientMetadata: { redirect_uris: ['http://127.0.0.1:7777/callback'], client_name: 'test' },
    clientInformation: () => ({ client_id: CLIENTS.agent.client_id }),
    tokens: () => tokens,
    saveTokens: (its) => void (tokens = its),
    saveCodeVerifier: (its) => void (verifier = its),
    codeVerifier: () => verifier,
    saveDiscoveryState: (its) => void (discovered = its),
    discoveryState: () => discovered,
    async redirectToAuthorization(url) {
      asked.push(url);
      back = new URL(await signIn.browse(url.href));
    },
  };
  return { auth, asked, back: () => back?.searchParams ?? new URLSearchParams() };
}

test.for([['legacy'], ['auto'], [{ pin: '2026-07-28' }]] as const)(
  'the whole way, %j: refused, metadata, sign-in with PKCE and resource, a call, and more scopes when they are needed',
  async ([mode]) => {
    const { it } = await open((port) => ({ oauth: oauthOf(provider, { audience: `http://localhost:${port}/mcp` }) }));
    const { auth, asked, back } = person(provider);
    const make = () => new StreamableHTTPClientTransport(new URL(it.url), { authProvider: auth });
    const connect = async () => {
      const client = new Client({ name: 'v2', version: '1' }, { versionNegotiation: { mode } });
      const transport = make();
      await client.connect(transport);
      return { client, transport };
    };
    try {
      const first = make();
      const refused = new Client({ name: 'v2', version: '1' }, { versionNegotiation: { mode } });
      await expect(refused.connect(first)).rejects.toThrow(UnauthorizedError);
      expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toMatchObject({
        resource: it.url,
        code_challenge_method: 'S256',
        scope: 'kratos:read',
      });
      await first.finishAuth(back());
      const { client, transport } = await connect();
      const found = await client.callTool({ name: 'get_identity', arguments: { id: seed.ada } });
      expect(found.isError).not.toBe(true);
      const change = { name: 'lock_identity', arguments: { id: seed.ada } };
      await expect(client.callTool(change)).rejects.toThrow(UnauthorizedError);
      expect(asked[1]?.searchParams.get('scope')).toBe('kratos:read kratos:destructive');
      await transport.finishAuth(back());
      // Nobody is enrolled here: the call came as far as the gate.
      expect(JSON.stringify(await client.callTool(change))).toContain('An approver must agree');
      await client.close();
    } finally {
      await it.close();
    }
  },
);
