/** Which Kratos a run works on, and what it shows to be let in. */
import { UsageError } from '../errors.ts';
import { Secret } from '../lib/secret.ts';
import { readSettingFile } from './files.ts';
import { settings, waysToSet, type Key, type Origins, type Values } from './settings.ts';
import { isLoopback, isNetworkHost, isPlainHttp } from './urls.ts';

/** PEM texts. */
export interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: Secret;
}
export interface KratosTarget {
  readonly kind: 'kratos';
  /** Without a slash at its end. */
  readonly adminUrl: string;
  /** Where schemas are read; undefined on a self-hosted Kratos whose public address was not given. */
  readonly publicUrl?: string;
  /** Ory Network: both addresses are one origin. */
  readonly network: boolean;
  /** Goes to the origin of `adminUrl` and nowhere else. */
  readonly bearer?: Secret;
  readonly tls: Tls;
  readonly httpsProxy?: Secret;
  readonly httpProxy?: Secret;
  readonly noProxy?: string;
}
export type Target = { readonly kind: 'sandbox' } | KratosTarget;

const RANK = { flag: 2, environment: 1, default: 0, unset: 0 } as const;

/** Throws `UsageError` where the settings name no Kratos, two of them, or one that must not be spoken to like this. */
export function chooseTarget(values: Values, origins: Origins, notices: string[]): Target {
  if (useSandbox(values, origins, notices)) return { kind: 'sandbox' };
  const { adminUrl } = values;
  if (adminUrl === undefined) {
    throw new UsageError(
      `No Kratos is configured: give --sandbox to try the built-in one, or set ${waysToSet('adminUrl')} to the admin address of yours.`,
    );
  }
  const shown = credential(values, origins, notices);
  checkAddress(adminUrl, shown, { name: nameOf('adminUrl', origins), notices });
  const publicUrl = values.publicUrl ?? (shown.isProjectKey ? adminUrl : undefined);
  return {
    kind: 'kratos',
    adminUrl,
    network: shown.isProjectKey,
    tls: tls(values, origins),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(shown.bearer !== undefined && { bearer: shown.bearer }),
    ...proxies(values, origins),
  };
}

function useSandbox({ sandbox, adminUrl }: Values, origins: Origins, notices: string[]): boolean {
  if (!sandbox || adminUrl === undefined) return sandbox;
  const lead = RANK[origins.sandbox.source] - RANK[origins.adminUrl.source];
  const names = [nameOf('sandbox', origins), nameOf('adminUrl', origins)] as const;
  if (lead === 0) throw new UsageError(`${names[0]} and ${names[1]} contradict each other. Keep one of them.`);
  notices.push(lead > 0 ? `${names[1]} is ignored: ${names[0]} was given.` : `${names[0]} is ignored: ${names[1]} was given.`);
  return lead > 0;
}

/** What address and credential say about each other. */
function checkAddress(
  adminUrl: string,
  { bearer, isProjectKey }: Credential,
  { name, notices }: { name: string; notices: string[] },
): void {
  if (isNetworkHost(adminUrl) && !isProjectKey) {
    throw new UsageError(
      `Ory Network wants an API key of the project: set ${waysToSet('projectApiKey')} or ${waysToSet('projectApiKeyFile')}.`,
    );
  }
  if (bearer !== undefined && isPlainHttp(adminUrl) && !isLoopback(adminUrl)) {
    throw new UsageError(`${name} is plain http: a credential would travel in clear. Use https, or an address on loopback.`);
  }
  if (new URL(adminUrl).pathname.endsWith('/admin')) {
    notices.push(`${name} ends in /admin, and /admin/… is added to it for every call. Leave it out unless a proxy wants it twice.`);
  }
}

interface Credential {
  readonly bearer: Secret | undefined;
  /** It is a key of a project on Ory Network. */
  readonly isProjectKey: boolean;
}

/** A file named by a flag goes before the variable that holds the key, and that before a file named by a variable. */
function credential(values: Values, origins: Origins, notices: string[]): Credential {
  const { projectApiKey, projectApiKeyFile, adminTokenFile } = values;
  const hasKey = projectApiKey !== undefined || projectApiKeyFile !== undefined;
  if (hasKey && adminTokenFile !== undefined) {
    throw new UsageError(
      `${nameOf('adminTokenFile', origins)} is for a self-hosted Kratos and the project API key for Ory Network. Keep the one that fits.`,
    );
  }
  const fileFirst = projectApiKeyFile !== undefined && (projectApiKey === undefined || origins.projectApiKeyFile.source === 'flag');
  if (projectApiKey !== undefined && projectApiKeyFile !== undefined) {
    const [used, ignored] = fileFirst
      ? (['projectApiKeyFile', 'projectApiKey'] as const)
      : (['projectApiKey', 'projectApiKeyFile'] as const);
    notices.push(`${nameOf(ignored, origins)} is ignored: ${nameOf(used, origins)} was given.`);
  }
  if (fileFirst) return { bearer: tokenFile('projectApiKeyFile', projectApiKeyFile, origins), isProjectKey: true };
  if (projectApiKey !== undefined) return { bearer: token(settings.projectApiKey.env, projectApiKey.reveal().trim()), isProjectKey: true };
  if (adminTokenFile !== undefined) return { bearer: tokenFile('adminTokenFile', adminTokenFile, origins), isProjectKey: false };
  return { bearer: undefined, isProjectKey: false };
}

const tokenFile = (key: Key, path: string, origins: Origins): Secret =>
  token(nameOf(key, origins), readSettingFile(path, { name: nameOf(key, origins), secret: true }));

function token(name: string, text: string): Secret {
  if (text.startsWith('ory_wak_')) {
    throw new UsageError(
      `${name} holds a workspace key (ory_wak_…), which administers workspaces and projects and is not accepted by a project's identity API. Make an API key in the project's settings.`,
    );
  }
  // RFC 6750's alphabet is narrower; what matters here is that nothing can end the header.
  if (!/^[\x21-\x7e]+$/.test(text)) throw new UsageError(`${name} must hold one token and nothing else, in printable ASCII.`);
  return new Secret(text);
}

function tls({ caFile, clientCertFile, clientKeyFile }: Values, origins: Origins): Tls {
  if ((clientCertFile === undefined) !== (clientKeyFile === undefined)) {
    throw new UsageError(`${waysToSet('clientCertFile')} and ${waysToSet('clientKeyFile')} belong together. Set both or neither.`);
  }
  const pem = (key: Key, path: string, secret: boolean): string => {
    const text = readSettingFile(path, { name: nameOf(key, origins), secret });
    if (text.includes('-----BEGIN ')) return text;
    throw new UsageError(`${nameOf(key, origins)} names a file that is not PEM (it begins with -----BEGIN). Convert it with openssl.`);
  };
  return {
    ...(caFile !== undefined && { ca: pem('caFile', caFile, false) }),
    ...(clientCertFile !== undefined && { cert: pem('clientCertFile', clientCertFile, false) }),
    ...(clientKeyFile !== undefined && { key: new Secret(pem('clientKeyFile', clientKeyFile, true)) }),
  };
}

function proxies({ httpsProxy, httpProxy, noProxy }: Values, origins: Origins): Pick<KratosTarget, 'httpsProxy' | 'httpProxy' | 'noProxy'> {
  return {
    ...(httpsProxy !== undefined && { httpsProxy: proxy('httpsProxy', httpsProxy, origins) }),
    ...(httpProxy !== undefined && { httpProxy: proxy('httpProxy', httpProxy, origins) }),
    ...(noProxy !== undefined && { noProxy }),
  };
}

/** May hold a user name and password, unlike Kratos' own addresses; `host:port` alone is understood, as curl does. */
function proxy(key: 'httpsProxy' | 'httpProxy', value: Secret, origins: Origins): Secret {
  const raw = value.reveal();
  const text = raw.includes('://') ? raw : `http://${raw}`;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new Secret(text);
  throw new UsageError(`${nameOf(key, origins)} is no http or https URL. Give an address like http://proxy.example:3128.`);
}

/** The flag or variable that set it, as the operator wrote it. */
const nameOf = (key: Key, origins: Origins): string => origins[key].name ?? settings[key].env;
