/**
 * A real authorization server (oidc-provider) on loopback: JWT access tokens for any resource, client credentials, code + PKCE with a
 * sign-in that answers itself, introspection, ID tokens, key rotation, and being down.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTHeaderParameters } from 'jose';
import type { Context } from 'oidc-provider';

export type Person = Readonly<Record<string, unknown>>;
export interface TestClient {
  readonly client_id: string;
  readonly client_secret: string;
}

/** Who can sign in; `sub` is the key. */
export const PEOPLE: Readonly<Record<string, Person>> = {
  anna: { email: 'Anna@example.com', email_verified: true, name: 'Anna Admin', preferred_username: 'anna', groups: ['iam', 'staff'] },
  ben: { email: 'ben@example.com', email_verified: true, name: 'Ben Berg', preferred_username: 'ben', groups: ['helpdesk'] },
  carla: { email: 'carla@example.com', email_verified: false, name: 'Carla', groups: [] },
};

export const CLIENTS = {
  /** Gets tokens by client credentials. */
  machine: { client_id: 'machine', client_secret: 'machine-secret-0123456789abcdef' },
  /** Public; code + PKCE, with any loopback redirect URI at /callback. */
  agent: { client_id: 'agent', client_secret: '' },
  /** Confidential; code + PKCE, for the sign-in of approvers. Redirect URIs by option or `allowRedirect`. */
  page: { client_id: 'page', client_secret: 'page-secret-0123456789abcdef' },
  /** May ask the introspection endpoint. */
  introspector: { client_id: 'introspector', client_secret: 'introspector-secret+with/odd:chars%' },
} as const satisfies Readonly<Record<string, TestClient>>;

export const AGENT_REDIRECT = 'http://127.0.0.1/callback';

export interface ProviderOptions {
  /** Redirect URIs of the client `page`. */
  readonly redirectUris?: readonly string[];
  /** Beside `PEOPLE`. */
  readonly people?: Readonly<Record<string, Person>>;
  /** Of access tokens; default jwt. Tokens for resources that end with `/opaque` always are opaque. */
  readonly format?: 'jwt' | 'opaque';
  /** Scopes that a resource knows. Default: all of this server. */
  readonly scopes?: string;
  /** Seconds that an access token lives. */
  readonly tokenSeconds?: number;
}

export interface Signed {
  readonly header?: Readonly<Record<string, unknown>>;
  /** `undefined` removes a member. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

export interface TokenRequest {
  readonly resource: string;
  readonly scope?: string;
}
export interface UserTokens {
  readonly access_token: string;
  readonly id_token: string | undefined;
}

export interface TestProvider {
  readonly issuer: string;
  readonly jwksUrl: string;
  readonly introspectionUrl: string;
  /** Requests so far, by path. */
  readonly requests: ReadonlyMap<string, number>;
  /** Whom the sign-in lets in from now on, unless the request has a `login_hint`; undefined: it refuses. `authTime`: seconds since 1970. */
  signInAs(person: string | undefined, options?: { readonly authTime?: number }): void;
  /** One more redirect URI of the client `page`. */
  allowRedirect(uri: string): void;
  /** By client credentials. */
  machineToken(request: TokenRequest): Promise<string>;
  /** By code + PKCE as the client `agent`. */
  userToken(request: TokenRequest & { readonly person?: string }): Promise<UserTokens>;
  /** Follows an authorization URL, signing in on the way, to the address at which it leaves this provider. `cookies` keep a session. */
  browse(url: string, cookies?: Map<string, string>): Promise<string>;
  /** A token of one's own making, signed by the provider's current key; a good access token for `audience` but for what is given. */
  sign(audience: string, signed?: Signed): Promise<string>;
  /** Private: for tokens that are signed wrongly. */
  readonly key: () => { readonly privateKey: CryptoKey; readonly jwk: JWK };
  /** A new key signs from now on; `keep`: the old one stays in the JWKS. */
  rotate(options?: { readonly keep?: boolean }): Promise<void>;
  /** Answers instead of the provider, by path; undefined takes it away. */
  intercept(path: string, answer: ((request: IncomingMessage, response: ServerResponse) => void) | undefined): void;
  /** Nobody answers on its port until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

const ALL_SCOPES = 'kratos:read kratos:write kratos:privilege kratos:takeover kratos:destructive kratos:mass kratos:sessions';

interface Key {
  readonly privateKey: CryptoKey;
  /** The private one. */
  readonly jwk: JWK;
}

async function newKey(): Promise<Key> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const kid = randomBytes(6).toString('hex');
  return { privateKey, jwk: { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' } };
}

/** What the provider keeps, so that it outlives a new key. Nothing expires: tests are short. */
function sharedAdapter() {
  const kept = new Map<string, Record<string, unknown>>();
  const isToken = (key: string) => /^(?:AccessToken|AuthorizationCode|RefreshToken):/.test(key);
  return (model: string) => ({
    upsert: async (id: string, value: Record<string, unknown>) => void kept.set(`${model}:${id}`, value),
    find: async (id: string) => kept.get(`${model}:${id}`),
    findByUid: async (uid: string) => [...kept].find(([key, it]) => key.startsWith(`${model}:`) && it['uid'] === uid)?.[1],
    findByUserCode: async () => undefined,
    consume: async (id: string) => void Object.assign(kept.get(`${model}:${id}`) ?? {}, { consumed: Math.floor(Date.now() / 1000) }),
    destroy: async (id: string) => void kept.delete(`${model}:${id}`),
    revokeByGrantId: async (grantId: string) => {
      for (const [key, it] of kept) if (it['grantId'] === grantId && isToken(key)) kept.delete(key);
    },
  });
}

export async function startProvider(options: ProviderOptions = {}): Promise<TestProvider> {
  const { Provider } = await import('oidc-provider');
  const people = { ...PEOPLE, ...options.people };
  const redirectUris = [...(options.redirectUris ?? ['http://127.0.0.1:1/approvals/callback'])];
  const adapter = sharedAdapter();
  const cookieKey = randomBytes(16).toString('hex');
  const requests = new Map<string, number>();
  const intercepted = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  let signIn: { readonly person: string | undefined; readonly authTime?: number } = { person: 'anna' };
  let keys = [await newKey()];
  let server = createServer(answer);
  await listen(server, 0);
  const { port } = server.address() as AddressInfo; // it listens on a port
  const issuer = `http://127.0.0.1:${port}`;
  let provider = build();

  function build() {
    const made = new Provider(issuer, {
      adapter,
      clients: clientsOf(redirectUris),
      jwks: { keys: keys.map(({ jwk }) => jwk) },
      cookies: { keys: [cookieKey] },
      scopes: ['openid', 'profile', 'email', 'offline_access'],
      claims: {
        openid: ['sub', 'auth_time'],
        profile: ['name', 'preferred_username', 'groups'],
        email: ['email', 'email_verified'],
      },
      clientDefaults: { id_token_signed_response_alg: 'ES256' },
      conformIdTokenClaims: false,
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        introspection: { enabled: true, allowedPolicy: async () => true },
        registration: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: async (_: Context, __: object, oneOf?: string) => oneOf ?? [],
          useGrantedResource: async () => true,
          getResourceServerInfo: async (_: Context, resource: string) => ({
            scope: options.scopes ?? ALL_SCOPES,
            audience: resource,
            accessTokenTTL: options.tokenSeconds ?? 3600,
            accessTokenFormat: resource.endsWith('/opaque') ? 'opaque' : (options.format ?? 'jwt'),
            jwt: { sign: { alg: 'ES256' } },
          }),
        },
      },
      interactions: { url: async (_: Context, { uid }: { readonly uid: string }) => `/interaction/${uid}` },
      findAccount: async (_: Context, sub: string) => ({ accountId: sub, claims: async () => ({ sub, ...people[sub] }) }),
      extraTokenClaims: async (_: Context, token: { readonly accountId?: string }) =>
        token.accountId === undefined ? undefined : { ...people[token.accountId] },
      loadExistingGrant: consentToAll,
      ttl: {
        AccessToken: options.tokenSeconds ?? 3600,
        ClientCredentials: options.tokenSeconds ?? 3600,
        IdToken: 3600,
        Session: 86_400,
        Interaction: 600,
        Grant: 86_400,
      },
      rotateRefreshToken: false,
    });
    return made;
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').split('?')[0] ?? '';
    requests.set(path, (requests.get(path) ?? 0) + 1);
    const other = intercepted.get(path);
    if (other) return other(request, response);
    if (path.startsWith('/interaction/')) return void interact(request, response).catch(() => response.writeHead(500).end());
    provider.callback()(request, response);
  }

  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params, prompt } = await provider.interactionDetails(request, response);
    if (prompt.name === 'consent') return provider.interactionFinished(request, response, { consent: {} });
    const hint = params['login_hint'];
    const accountId = typeof hint === 'string' ? hint : signIn.person;
    const { authTime: ts } = signIn;
    const result =
      accountId === undefined || !Object.hasOwn(people, accountId)
        ? { error: 'access_denied', error_description: 'nobody signs in' }
        : { login: { accountId, ...(ts !== undefined && { ts }) } };
    await provider.interactionFinished(request, response, result);
  }

  async function form(
    path: string,
    { client, fields }: { readonly client: TestClient; readonly fields: Readonly<Record<string, string>> },
  ) {
    const isPublic = client.client_secret === '';
    const body = new URLSearchParams({ ...fields, ...(isPublic && { client_id: client.client_id }) });
    const headers = isPublic ? {} : { authorization: basic(client) };
    const reply = await fetch(`${issuer}${path}`, { method: 'POST', body, headers });
    const json = (await reply.json()) as Readonly<Record<string, unknown>>;
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${JSON.stringify(json)}`);
    return json;
  }

  const currentKey = (): Key => keys[0] as Key; // there is always one

  async function browse(url: string, cookies = new Map<string, string>()): Promise<string> {
    let at = new URL(url);
    let next: { readonly method: string; readonly body: URLSearchParams } | undefined;
    for (let steps = 0; steps < 10; steps += 1) {
      if (at.origin !== issuer) return at.href;
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const reply = await fetch(at, { redirect: 'manual', headers: { cookie }, ...next });
      for (const line of reply.headers.getSetCookie()) remember(cookies, line);
      const to = reply.headers.get('location');
      const page = to === null ? await reply.text() : '';
      const form = formIn(page);
      if (to === null && form === undefined)
        throw new Error(`the sign-in stops at ${at.pathname}: ${reply.status} ${page.replace(/<style>[^]*<\/style>/, '').slice(0, 1500)}`);
      at = new URL(to ?? form?.action ?? '', at);
      next = form && { method: 'POST', body: form.body };
    }
    throw new Error('the sign-in goes round in circles');
  }

  return {
    issuer,
    jwksUrl: `${issuer}/jwks`,
    introspectionUrl: `${issuer}/token/introspection`,
    requests,
    signInAs(person, { authTime } = {}) {
      signIn = { person, ...(authTime !== undefined && { authTime }) };
    },
    allowRedirect(uri) {
      redirectUris.push(uri);
      provider = build();
    },
    async machineToken({ resource, scope = 'kratos:read' }) {
      const fields = { grant_type: 'client_credentials', resource, scope };
      return String((await form('/token', { client: CLIENTS.machine, fields }))['access_token']);
    },
    async userToken({ resource, scope = 'openid kratos:read', person = signIn.person ?? 'anna' }) {
      const verifier = randomBytes(32).toString('base64url');
      const query = new URLSearchParams({
        client_id: CLIENTS.agent.client_id,
        response_type: 'code',
        redirect_uri: AGENT_REDIRECT,
        scope,
        resource,
        login_hint: person,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      });
      const back = new URL(await browse(`${issuer}/auth?${query.toString()}`));
      const code = back.searchParams.get('code');
      if (code === null) throw new Error(`no code: ${back.href}`);
      const fields = { grant_type: 'authorization_code', code, redirect_uri: AGENT_REDIRECT, code_verifier: verifier, resource };
      const tokens = await form('/token', { client: CLIENTS.agent, fields });
      const idToken = tokens['id_token'];
      return { access_token: String(tokens['access_token']), id_token: typeof idToken === 'string' ? idToken : undefined };
    },
    browse,
    sign: (audience, { header = {}, claims = {} } = {}) => {
      const { privateKey, jwk } = currentKey();
      const now = Math.floor(Date.now() / 1000);
      const good = {
        iss: issuer,
        aud: audience,
        sub: 'anna',
        client_id: 'agent',
        scope: 'kratos:read',
        iat: now,
        exp: now + 600,
        jti: 'j',
      };
      const whole = { alg: 'ES256', typ: 'at+jwt', kid: jwk.kid, ...header } as JWTHeaderParameters; // also wrong ones, on purpose
      return new SignJWT({ ...good, ...claims }).setProtectedHeader(whole).sign(privateKey);
    },
    key: currentKey,
    async rotate({ keep = false } = {}) {
      keys = [await newKey(), ...(keep ? keys : [])];
      provider = build();
    },
    intercept(path, other) {
      if (other) intercepted.set(path, other);
      else intercepted.delete(path);
    },
    down: () => end(server),
    async up() {
      server = createServer(answer);
      await listen(server, port);
    },
    close: () => end(server),
  };
}

/** Consents to whatever is asked for. */
async function consentToAll({ oidc }: Context) {
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope(oidc.params.scope ?? 'openid');
  for (const [resource, { scopes }] of Object.entries(oidc.resourceServers ?? {})) grant.addResourceScope(resource, [...scopes].join(' '));
  await grant.save();
  return grant;
}

function clientsOf(redirectUris: readonly string[]) {
  const { machine, agent, page, introspector } = CLIENTS;
  const none = { redirect_uris: [], response_types: [] };
  const code = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] };
  return [
    { ...machine, ...none, grant_types: ['client_credentials'] },
    { ...introspector, ...none, grant_types: ['client_credentials'] },
    {
      client_id: agent.client_id,
      ...code,
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: [AGENT_REDIRECT],
    },
    { ...page, ...code, redirect_uris: [...redirectUris] },
  ];
}

/** The page that a browser's script sends on by itself: with it the provider ends a session before another person's begins. */
function formIn(page: string): { readonly action: string; readonly body: URLSearchParams } | undefined {
  const action = /<form method="post" action="([^"]+)"/.exec(page)?.[1];
  if (action === undefined) return undefined;
  const fields = [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  return { action, body: new URLSearchParams(Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value]))) };
}

/** RFC 6749 §2.3.1: both parts are form-encoded first. */
const basic = ({ client_id, client_secret }: TestClient): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(client_id)}:${encodeURIComponent(client_secret)}`).toString('base64')}`;

function remember(cookies: Map<string, string>, line: string): void {
  const [pair = ''] = line.split(';');
  const cut = pair.indexOf('=');
  const [name, value] = [pair.slice(0, cut), pair.slice(cut + 1)];
  if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name);
  else cookies.set(name, value);
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });

const end = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
