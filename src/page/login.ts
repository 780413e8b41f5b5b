/**
 * Approvers sign in with the company's provider: OpenID Connect, authorization code with PKCE, by the library `openid-client`, which is
 * loaded at the first login. It checks state, nonce, issuer, audience, times and signature; nothing that the provider wrote is shown.
 */
import type { IDToken } from 'openid-client';
import { personOf } from '../auth/person.ts';
import type { Claims } from '../caller.ts';
import type { Log } from '../lib/log.ts';
import { clean } from '../lib/text.ts';
import { LoginUnavailable, type Came, type Checks, type Login, type Person } from './login-types.ts';
import { createProvider, type Provider, type ProviderOptions } from './provider.ts';

export interface LoginOptions extends ProviderOptions {
  /** Below the page's own origin; registered with the provider, exactly. */
  readonly redirectUri: string;
  /** Beside `openid`. */
  readonly scopes: readonly string[];
  /** What tells one person from another, as in access tokens. */
  readonly personClaim: string;
}

export interface LoginPorts {
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Throws `UsageError` where the issuer can't be used. */
export function createLogin(options: LoginOptions, { log, now }: LoginPorts): Login {
  const provider = createProvider(options, now);
  return {
    async begin({ fresh }) {
      try {
        return await begun(options, provider, fresh);
      } catch (error) {
        log.warn('the provider of the approvals page cannot be used', { check: 'discovery', code: codeOf(error) });
        throw error instanceof LoginUnavailable ? error : new LoginUnavailable('no login could be begun', { cause: error });
      }
    },
    async finish(query, checks) {
      try {
        return await within(DEADLINE_MS, finished({ options, provider }, query, checks));
      } catch (error) {
        provider.forget();
        const code = codeOf(error);
        log.warn('a login on the approvals page failed', { check: 'answer', code });
        return { kind: 'refused', because: code === 'access_denied' ? DENIED : FAILED };
      }
    },
  };
}

/** Of all requests that one answer takes. */
const DEADLINE_MS = 12_000;
const DENIED = 'The sign-in provider let nobody in.';
const FAILED =
  'The sign-in provider could not be reached, or its answer is not one to this login. Please try again; if it goes on, whoever runs this server finds the reason in its log.';

async function begun({ redirectUri, scopes }: LoginOptions, provider: Provider, fresh: boolean) {
  const configuration = await provider.configuration();
  const client = await import('openid-client');
  const checks = { state: client.randomState(), nonce: client.randomNonce(), verifier: client.randomPKCECodeVerifier() };
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: ['openid', ...scopes].join(' '),
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.verifier),
    code_challenge_method: 'S256',
    // Both, since providers differ in which of them they honour; whether it was fresh is seen from `auth_time`.
    ...(fresh && { max_age: '0', prompt: 'login' }),
  });
  return { ...checks, address: url.href };
}

interface Parts {
  readonly options: LoginOptions;
  readonly provider: Provider;
}

async function finished({ options, provider }: Parts, query: string, { state, nonce, verifier }: Checks): Promise<Came> {
  const configuration = await provider.configuration();
  const client = await import('openid-client');
  const url = new URL(options.redirectUri); // ours, whatever stands in the request
  url.search = query;
  const tokens = await client.authorizationCodeGrant(configuration, url, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  });
  const id = tokens.claims();
  if (id === undefined) throw new Error('no ID token'); // it is expected above
  const hasMore = configuration.serverMetadata().userinfo_endpoint !== undefined;
  // Many providers put groups and addresses there alone; the library sees to it that it is about the same subject.
  const more = hasMore ? await client.fetchUserInfo(configuration, tokens.access_token, id.sub) : {};
  return cameAs(id, { ...more, ...id }, options);
}

/** Larger than any list of groups that a person needs; it has to fit into the store. */
const MAX_CLAIMS = 64 * 1024;
const TOO_MUCH = 'The sign-in provider says more about you than this page can keep. Whoever runs it can send fewer groups or claims.';

function cameAs({ iss, auth_time: authTime }: IDToken, claims: Claims, { personClaim }: LoginOptions): Came {
  if (JSON.stringify(claims).length > MAX_CLAIMS) return { kind: 'refused', because: TOO_MUCH };
  const id = personOf(claims, { issuer: iss, personClaim });
  if (id === undefined) return { kind: 'refused', because: nobody(personClaim) };
  const person: Person = { id, name: nameOf(claims, id), claims, authTime };
  return { kind: 'person', person };
}

const nobody = (claim: string): string =>
  `The sign-in provider did not say who you are: the claim ${claim} is missing, or it is an address that is not verified. Whoever runs this server chose that claim (--oauth-person-claim), and the provider or the scopes asked for (--approvals-scopes) have to give it.`;

/** A name can be anybody's choice, so what is theirs alone stands beside it. */
function nameOf(claims: Claims, id: string): string {
  const text = (name: string) => (typeof claims[name] === 'string' ? clean(claims[name], 60).text.trim() : '');
  const own = claims['email_verified'] === true && text('email') !== '' ? text('email') : clean(id, 120).text;
  const name = [text('name'), text('preferred_username')].find((it) => it !== '' && it !== own);
  return name === undefined ? own : `${name} (${own})`;
}

/** Constants of the library and of OAuth, never a text of the provider's. */
function codeOf(error: unknown): string {
  if (error instanceof LoginUnavailable && error.cause !== undefined) return codeOf(error.cause);
  if (typeof error !== 'object' || error === null) return 'unknown';
  const { error: given, code, name } = error as { readonly error?: unknown; readonly code?: unknown; readonly name?: unknown }; // looked at below
  if (given === 'access_denied') return given;
  return typeof code === 'string' && /^[A-Z_]{3,60}$/.test(code)
    ? code
    : typeof name === 'string' && /^\w{1,40}$/.test(name)
      ? name
      : 'unknown';
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LoginUnavailable('the provider took too long')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
