/** What the settings say about serving over HTTP, checked against each other: an open door is a reason not to start. */
import { LEVELS, type Level } from '../assurance.ts';
import { UsageError } from '../errors.ts';
import { Secret } from '../lib/secret.ts';
import { bindOf, type Address } from './bind.ts';
import { readSettingFile } from './files.ts';
import type { Settings } from './load.ts';
import { waysToSet, type Key } from './settings.ts';
import { baseUrl, isLoopback, isPlainHttp } from './urls.ts';

export interface HttpConfig {
  readonly bind: Address & { readonly tls?: { readonly cert: string; readonly key: Secret } };
  /** The origin that clients and browsers use; `port` is the real one. */
  readonly origin: (port: number) => string;
  /** What may stand in the Host header. */
  readonly hosts: (port: number) => readonly string[];
  readonly origins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly failuresPerMinute: number;
  /** Undefined: none. Without it and without `tokensFile` everybody who reaches the port is `local`. */
  readonly oauth: OAuthConfig | undefined;
  readonly tokensFile: string | undefined;
  /** Approvers sign in with this provider; undefined: they are enrolled. */
  readonly login: LoginConfig | undefined;
  readonly notify: { readonly url: string; readonly secret: Secret } | undefined;
  readonly ops: Address | undefined;
  readonly metricsToken: Secret | undefined;
  readonly level: Level;
  /** Why no change is offered at all; undefined: they are. */
  readonly changesOff: string | undefined;
  /** Why whoever shows wrong tokens keeps others from showing new ones; undefined: clients are told apart by their address. */
  readonly oneAddress: string | undefined;
}

export interface OAuthConfig {
  /** Compared character by character; https, or loopback. */
  readonly issuer: string;
  /** What `aud` must name, character by character. Undefined: the address of /mcp. */
  readonly audience: string | undefined;
  /** Undefined: as the issuer's metadata says. */
  readonly jwksUrl?: string | undefined;
  /** Values of `typ`, with or without `application/`, in any case; `none` stands for a header without one. */
  readonly tokenTypes: readonly string[];
  /** Undefined: `scope`, else `scp`. */
  readonly scopeClaim?: string | undefined;
  /** This one and the next: the name of a claim, or a dotted path to one that lies deeper. */
  readonly groupsClaim: string;
  readonly personClaim: string;
  readonly groupScopes: ReadonlyMap<string, readonly string[]>;
  /** Undefined: tokens that are no JWT are refused. */
  readonly introspection?: IntrospectionConfig | undefined;
}

export interface IntrospectionConfig {
  readonly url: string;
  readonly clientId: string;
  readonly secret: Secret;
}

export interface LoginConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret | undefined;
  readonly scopes: readonly string[];
  readonly personClaim: string;
}

/** Throws `UsageError`. */
export function httpConfig(settings: Settings): HttpConfig {
  const { oauthIssuer, tokensFile, trustedProxies = [], failuresPerMinute, behindTlsProxy } = settings;
  const oauth = oauthOf(settings);
  const login = loginOf(settings);
  const authenticated = oauthIssuer !== undefined || tokensFile !== undefined;
  return {
    ...doorOf(settings),
    trustedProxies,
    failuresPerMinute,
    oauth,
    tokensFile,
    login,
    notify: notifyOf(settings),
    ops: settings.opsPort === undefined ? undefined : bindOf('opsPort', settings.opsPort),
    metricsToken: secretFile(settings, 'metricsTokenFile'),
    level: levelOf(settings, { authenticated, login: login !== undefined && oauth !== undefined }),
    changesOff: changesOff(settings),
    oneAddress: behindTlsProxy && trustedProxies.length === 0 ? ONE_ADDRESS : undefined,
  };
}

/** Where it listens, and what it answers to. */
function doorOf(settings: Settings): Pick<HttpConfig, 'bind' | 'origin' | 'hosts' | 'origins'> {
  const { http, allowedHosts = [], allowedOrigins = [], trustedProxies = [] } = settings;
  if (http === undefined) throw new UsageError(`${waysToSet('http')} is not set.`);
  const bind = bindOf('http', http);
  const external = externalOrigin(settings);
  const tls = tlsOf(settings);
  const further = allowedHosts.map(exactHost);
  const origins = allowedOrigins.map(exactOrigin);
  const isHere = (url: string) => URL.canParse(url) && isLoopback(url);
  const isLetIn = trustedProxies.length > 0 || ![...further.map((it) => `http://${it}`), ...origins].every(isHere);
  refuseOpenDoor(settings, { bind, external, tls: tls !== undefined, isLetIn });
  const scheme = tls === undefined ? 'http' : 'https';
  const local = (port: number) => (bind.isLoopback ? ['127.0.0.1', '[::1]', 'localhost'].map((it) => `${it}:${port}`) : []);
  return {
    bind: { ...bind, ...(tls && { tls }) },
    origin: (port) => external ?? `${scheme}://localhost:${port}`,
    hosts: (port) => [...(external === undefined ? [] : [new URL(external).host]), ...local(port), ...further],
    origins,
  };
}

const ONE_ADDRESS = `Behind a proxy all clients have one address, so that wrong tokens of one of them keep out those who come with a new one. Name the proxy with ${waysToSet('trustedProxies')}.`;

function externalOrigin({ externalUrl }: Settings): string | undefined {
  if (externalUrl === undefined) return undefined;
  if (new URL(externalUrl).pathname !== '/') throw new UsageError(`${waysToSet('externalUrl')} must be an origin, without a path.`);
  if (isPlainHttp(externalUrl) && !isLoopback(externalUrl))
    throw new UsageError(`${waysToSet('externalUrl')} must be https: tokens travel to it.`);
  return new URL(externalUrl).origin;
}

function tlsOf(settings: Settings): { readonly cert: string; readonly key: Secret } | undefined {
  const { tlsCertFile, tlsKeyFile } = settings;
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) {
    throw new UsageError(`${waysToSet('tlsCertFile')} and ${waysToSet('tlsKeyFile')} belong together. Set both or neither.`);
  }
  const key = secretFile(settings, 'tlsKeyFile');
  if (tlsCertFile === undefined || key === undefined) return undefined;
  return { cert: readSettingFile(tlsCertFile, { name: waysToSet('tlsCertFile'), secret: false }), key };
}

interface Door {
  readonly bind: Address;
  readonly external: string | undefined;
  readonly tls: boolean;
  /** Other names, web pages or proxies are let in: who comes by them is not of this machine, wherever it listens. */
  readonly isLetIn: boolean;
}

const canBeReached = ({ behindTlsProxy }: Settings, { bind, external }: Door): boolean =>
  !bind.isLoopback || behindTlsProxy || (external !== undefined && !isLoopback(external));

/** Who can be reached from elsewhere needs authentication, encryption and a name. */
function refuseOpenDoor(settings: Settings, door: Door): void {
  const { oauthIssuer, tokensFile, behindTlsProxy, http } = settings;
  const isOutside = canBeReached(settings, door);
  if ((isOutside || door.isLetIn) && oauthIssuer === undefined && tokensFile === undefined) {
    throw new UsageError(
      `${waysToSet('http')} ${http ?? ''} can be reached from elsewhere, and nobody would have to say who they are. Set ${waysToSet('oauthIssuer')} or ${waysToSet('tokensFile')}.`,
    );
  }
  if (!isOutside) return;
  if (!door.tls && !behindTlsProxy) {
    throw new UsageError(
      `${waysToSet('http')} ${http ?? ''} can be reached from elsewhere without encryption. Set ${waysToSet('tlsCertFile')} and its key, or ${waysToSet('behindTlsProxy')} where a proxy does it.`,
    );
  }
  if (door.external === undefined) {
    throw new UsageError(`${waysToSet('externalUrl')} is needed: the one address that is answered to, and that tokens are for.`);
  }
}

function oauthOf(settings: Settings): OAuthConfig | undefined {
  const { oauthIssuer: issuer, oauthIntrospectionUrl: url, oauthIntrospectionClientId: clientId } = settings;
  const secret = secretFile(settings, 'oauthIntrospectionSecretFile');
  const parts = [url, clientId, secret].filter((it) => it !== undefined).length;
  if (parts !== 0 && parts !== 3) {
    const names = (['oauthIntrospectionUrl', 'oauthIntrospectionClientId', 'oauthIntrospectionSecretFile'] as const).map(waysToSet);
    throw new UsageError(`${names.join(', ')} belong together. Set all or none.`);
  }
  if (issuer === undefined) {
    if (url !== undefined || settings.oauthJwksUrl !== undefined) throw new UsageError(`${waysToSet('oauthIssuer')} is needed, too.`);
    return undefined;
  }
  issuerUrl('oauthIssuer', issuer);
  for (const key of ['oauthJwksUrl', 'oauthIntrospectionUrl'] as const) refusePlain(settings, key);
  return {
    issuer,
    audience: settings.oauthAudience,
    jwksUrl: settings.oauthJwksUrl,
    tokenTypes: settings.oauthTokenTypes ?? ['at+jwt'],
    scopeClaim: settings.oauthScopeClaim,
    groupsClaim: settings.oauthGroupsClaim,
    groupScopes: new Map((settings.oauthGroupScopes ?? []).map(groupScope)),
    personClaim: settings.oauthPersonClaim,
    introspection: url !== undefined && clientId !== undefined && secret !== undefined ? { url, clientId, secret } : undefined,
  };
}

function groupScope(text: string): readonly [string, readonly string[]] {
  const at = text.lastIndexOf('=');
  const scopes = text.slice(at + 1).split('+');
  if (at > 0 && scopes.every((it) => it !== '')) return [text.slice(0, at), scopes];
  throw new UsageError(`${waysToSet('oauthGroupScopes')} must be like helpdesk=kratos:sessions,iam=kratos:read+kratos:write.`);
}

function loginOf(settings: Settings): LoginConfig | undefined {
  const { approvalsClientId: clientId, approvalsIssuer, oauthIssuer, oauthPersonClaim: personClaim, approvalsScopes } = settings;
  const issuer = approvalsIssuer ?? oauthIssuer;
  if (clientId === undefined) {
    if (approvalsIssuer === undefined) return undefined;
    throw new UsageError(`${waysToSet('approvalsClientId')} is needed, too: the client that approvers sign in with.`);
  }
  if (issuer === undefined) throw new UsageError(`${waysToSet('approvalsIssuer')} is needed, too: where approvers sign in.`);
  issuerUrl(approvalsIssuer === undefined ? 'oauthIssuer' : 'approvalsIssuer', issuer);
  if (oauthIssuer !== undefined && issuer !== oauthIssuer && personClaim === 'sub') {
    throw new UsageError(
      `Callers and approvers come from two issuers, whose subjects say nothing about each other: name a claim that both have with ${waysToSet('oauthPersonClaim')} (email).`,
    );
  }
  const clientSecret = secretFile(settings, 'approvalsClientSecretFile');
  return { issuer, clientId, clientSecret, scopes: approvalsScopes ?? ['profile', 'email'], personClaim };
}

const LEAST_KEY = 32;

function notifyOf(settings: Settings): HttpConfig['notify'] {
  const secret = secretFile(settings, 'notifySecretFile');
  const { notifyUrl: url } = settings;
  if (url === undefined && secret === undefined) return undefined;
  if (url === undefined || secret === undefined) {
    throw new UsageError(`${waysToSet('notifyUrl')} and ${waysToSet('notifySecretFile')} belong together. Set both or neither.`);
  }
  refusePlain(settings, 'notifyUrl');
  if (secret.reveal().length < LEAST_KEY)
    throw new UsageError(`${waysToSet('notifySecretFile')} must hold ${LEAST_KEY} characters or more.`);
  return { url, secret };
}

/** What the settings can bear; whether the surroundings do, only the operator knows. */
function levelOf({ assurance }: Settings, has: { readonly authenticated: boolean; readonly login: boolean }): Level {
  const most: Level = has.login ? 'L3' : has.authenticated ? 'L1' : 'L0';
  if (assurance === 'auto') return has.login ? 'L2' : 'L0';
  const asked = LEVELS.find((it) => it === assurance) ?? 'L0';
  if (LEVELS.indexOf(asked) <= LEVELS.indexOf(most)) return asked;
  const needs = asked === 'L1' ? 'callers who are authenticated' : 'OAuth, and approvers who sign in';
  throw new UsageError(`${waysToSet('assurance')} ${asked} needs ${needs}; with these settings it is ${most} at most.`);
}

/** Undefined: the state folder's own key. Throws `UsageError`. */
export function stateKeysIn(settings: Pick<Settings, 'stateKeys' | SecretFile>): Secret | undefined {
  const inFile = secretFile(settings, 'stateKeysFile');
  if (inFile === undefined) return settings.stateKeys;
  if (settings.stateKeys === undefined) return inFile;
  throw new UsageError(`${waysToSet('stateKeys')} and ${waysToSet('stateKeysFile')} both name the keys. Keep one of them.`);
}

/** Several that don't share what they remember could carry out one yes several times. */
function changesOff(settings: Settings): string | undefined {
  const { replicas, store } = settings;
  if (store !== undefined && stateKeysIn(settings) === undefined) {
    return `${waysToSet('store')} is shared, and KRATOS_MCP_STATE_KEYS is not set: no tool that changes anything is offered.`;
  }
  if (replicas === 1 || store !== undefined) return undefined;
  return `${replicas} replicas without ${waysToSet('store')} would not know of each other's plans: no tool that changes anything is offered.`;
}

/** An issuer is compared by its characters: a slash at its end belongs to it. */
function issuerUrl(key: 'oauthIssuer' | 'approvalsIssuer', text: string): void {
  if (isPlainHttp(baseUrl(waysToSet(key), text)) && !isLoopback(text)) throw new UsageError(`${waysToSet(key)} must be https.`);
}

function refusePlain(settings: Settings, key: 'oauthJwksUrl' | 'oauthIntrospectionUrl' | 'notifyUrl'): void {
  const url = settings[key];
  if (url !== undefined && isPlainHttp(url) && !isLoopback(url)) throw new UsageError(`${waysToSet(key)} must be https.`);
}

type SecretFile = Extract<Key, `${string}SecretFile` | 'tlsKeyFile' | 'metricsTokenFile' | 'storePasswordFile' | 'stateKeysFile'>;
export function secretFile(settings: Pick<Settings, SecretFile>, key: SecretFile): Secret | undefined {
  const path = settings[key];
  return path === undefined ? undefined : new Secret(readSettingFile(path, { name: waysToSet(key), secret: true }));
}

function exactHost(text: string): string {
  if (/^(?:\[[\da-f:]+\]|[a-z\d.-]+)(?::\d{1,5})?$/i.test(text)) return text.toLowerCase();
  throw new UsageError(
    `${waysToSet('allowedHosts')} must hold hosts as they stand in the Host header (identity-mcp.internal:8443), and no *.`,
  );
}

function exactOrigin(text: string): string {
  if (/^https?:\/\/[a-z\d.:[\]-]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text) return text;
  throw new UsageError(
    `${waysToSet('allowedOrigins')} must hold exact origins (https://app.example.com): no path, no *, no slash at the end.`,
  );
}
