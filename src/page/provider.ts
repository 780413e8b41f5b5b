/** The provider's metadata, by OpenID Connect Discovery: cached, asked for again, and the last one kept while the provider is away. */
import type { Configuration, CustomFetch } from 'openid-client';
import { UsageError } from '../errors.ts';
import type { Secret } from '../lib/secret.ts';
import { LoginUnavailable } from './login-types.ts';

export interface ProviderOptions {
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined: a public client. */
  readonly clientSecret?: Secret | undefined;
  /** In place of the runtime's, for a proxy or authorities of one's own. */
  readonly fetch?: CustomFetch | undefined;
}

export interface Provider {
  /** Throws `LoginUnavailable`. */
  configuration(): Promise<Configuration>;
  /** Something that it signed or said did not fit: its keys may be new ones, so the next login asks for all of it again. */
  forget(): void;
}

const CACHE_MS = 10 * 60_000;
/** Of one request to the provider. */
const REQUEST_S = 4;
const AGAIN_MS = 250;

/** Throws `UsageError` for an issuer that is neither https nor on loopback. */
export function createProvider(options: ProviderOptions, now: () => number): Provider {
  const issuer = urlOf(options.issuer);
  let known: { readonly configuration: Configuration; readonly until: number } | undefined;
  let asking: Promise<Configuration> | undefined;

  async function discovered(): Promise<Configuration> {
    try {
      const configuration = await discover(issuer, options).catch(async () => {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        return discover(issuer, options);
      });
      known = { configuration, until: now() + CACHE_MS };
      return configuration;
    } catch (error) {
      if (known !== undefined) return known.configuration;
      throw new LoginUnavailable('its metadata could not be had', { cause: error });
    }
  }

  return {
    configuration() {
      if (known !== undefined && now() < known.until) return Promise.resolve(known.configuration);
      asking ??= discovered().finally(() => {
        asking = undefined;
      });
      return asking;
    },
    forget() {
      if (known !== undefined) known = { ...known, until: 0 };
    },
  };
}

async function discover(issuer: URL, { clientId, clientSecret, fetch }: ProviderOptions): Promise<Configuration> {
  const client = await import('openid-client');
  const plain = issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [];
  // The signature of the ID token is checked, too, although it comes straight from the provider (OpenID Connect Core 1.0 §3.1.3.7, 6).
  const options = {
    execute: [...plain, client.enableNonRepudiationChecks],
    timeout: REQUEST_S,
    ...(fetch && { [client.customFetch]: fetch }),
  };
  const first = await client.discovery(issuer, clientId, undefined, client.None(), options);
  if (clientSecret === undefined) return first;
  // Basic is what a client is registered with where nothing else is said (OpenID Connect Registration 1.0 §2).
  const { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] } = first.serverMetadata();
  const way = methods.includes('client_secret_basic') ? client.ClientSecretBasic : client.ClientSecretPost;
  const made = new client.Configuration(first.serverMetadata(), clientId, undefined, way(clientSecret.reveal()));
  for (const extend of options.execute) extend(made);
  made.timeout = REQUEST_S;
  if (fetch !== undefined) made[client.customFetch] = fetch;
  return made;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
function urlOf(issuer: string): URL {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname))) return url;
  throw new UsageError(
    'Approvers sign in with a provider that is reached by https (http on loopback only): see --approvals-issuer (KRATOS_MCP_APPROVALS_ISSUER).',
  );
}
