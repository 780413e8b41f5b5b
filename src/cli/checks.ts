/** What `doctor` asks of Kratos: reads only, each on its own, so that one that fails hides none of the others. */
import { z } from 'zod';
import { KratosSchema, parseBody } from '../client/bodies.ts';
import type { Kratos } from '../client/types.ts';
import { isLoopback, isPlainHttp } from '../config/urls.ts';
import type { Target } from '../config/target.ts';
import { KratosError } from '../errors.ts';
import { clean } from '../lib/text.ts';
import { presets, type PresetName, type Standing } from '../policy/presets.ts';

export interface Check {
  readonly name:
    | 'kratos'
    | 'admin'
    | 'access'
    | 'schemas'
    | 'transport'
    | 'public'
    | 'policy'
    | 'state'
    | 'frozen'
    | 'page'
    | 'approvers'
    | 'http'
    | 'oauth'
    | 'tokens'
    | 'sign-in'
    | 'store'
    | 'replicas';
  readonly status: 'ok' | 'warning' | 'failed';
  readonly says: string;
}
type Result = Omit<Check, 'name'>;
export type Asked = Kratos<'getVersion' | 'listIdentities' | 'listIdentitySchemas'>;

export interface CheckPorts {
  readonly target: Target;
  readonly preset: PresetName;
  readonly kratos: Asked;
  /** The same without the credential, where one is configured. */
  readonly stranger: Asked | undefined;
}

export async function runChecks({ target, preset, kratos, stranger }: CheckPorts): Promise<Check[]> {
  const { adminUrl, publicUrl } = asked(target);
  const needsSchemas = target.kind === 'sandbox' || target.publicUrl !== undefined;
  const [version, admin, schemas] = await Promise.all([
    checkVersion(kratos, adminUrl),
    checkAdmin(kratos, adminUrl),
    checkSchemas(kratos, needsSchemas, publicUrl),
  ]);
  const checks: Check[] = [
    { name: 'kratos', ...version },
    { name: 'admin', ...admin },
  ];
  if (target.kind === 'sandbox') return [...checks, { name: 'schemas', ...schemas }];
  if (admin.status === 'ok') checks.push({ name: 'access', ...(await checkAccess(stranger, isLoopback(target.adminUrl), adminUrl)) });
  checks.push({ name: 'schemas', ...schemas });
  if (isPlainHttp(target.adminUrl) && !isLoopback(target.adminUrl)) checks.push({ name: 'transport', ...PLAIN });
  if (target.publicUrl === undefined && schemas.status !== 'ok') checks.push({ name: 'public', ...noPublic(preset) });
  return checks;
}

/** The settings that decide where a call goes. */
function asked(target: Target): { readonly adminUrl: string; readonly publicUrl: string } {
  if (target.kind === 'sandbox') return { adminUrl: '', publicUrl: '' };
  const through = (name: string, url: string): string => {
    const [proxy, its] = isPlainHttp(url) ? [target.httpProxy, 'HTTP_PROXY'] : [target.httpsProxy, 'HTTPS_PROXY'];
    return proxy === undefined || isLoopback(url) ? name : `${name}, ${its} and NO_PROXY`;
  };
  const adminUrl = through('KRATOS_ADMIN_URL', target.adminUrl);
  const isPublic = target.publicUrl !== undefined && target.publicUrl !== target.adminUrl;
  return { adminUrl, publicUrl: isPublic ? through('KRATOS_PUBLIC_URL', target.publicUrl) : adminUrl };
}

const PLAIN: Result = {
  status: 'warning',
  says: 'The admin address is plain http: whoever is on the way can read and change every call. Use https, or keep it inside a network of its own.',
};
const CONSEQUENCE: Readonly<Record<Standing, string>> = {
  allow: 'and is allowed',
  confirm: 'a person is asked for it, and the question says so',
  approve: 'and has to be approved on the approvals page',
  'not offered': 'and none is offered under this preset',
};
const noPublic = (preset: PresetName): Result => ({
  status: 'warning',
  says:
    'KRATOS_PUBLIC_URL is not set, so no schema can be read: the tools and resources that show schemas fail; which traits are login ' +
    `identifiers or addresses is not known, every change of traits counts as takeover, ${CONSEQUENCE[presets[preset].takeover]}.`,
});

async function checkVersion(kratos: Asked, settings: string): Promise<Result> {
  try {
    const { version } = parseBody(z.looseObject({ version: z.string() }), await kratos('getVersion', {}));
    return { status: 'ok', says: `Kratos ${clean(version, 40).text} answers.` };
  } catch (error) {
    const says = told(error, settings);
    // Some proxies let only the admin routes through: no reason to fail where those work.
    return { status: statusOf(error) === undefined ? 'failed' : 'warning', says: `The version could not be read. ${says}` };
  }
}

async function checkAdmin(kratos: Asked, settings: string): Promise<Result> {
  try {
    parseBody(z.array(z.unknown()), await kratos('listIdentities', {}, { query: { page_size: 1 } }));
    return { status: 'ok', says: 'The admin API lists identities.' };
  } catch (error) {
    return { status: 'failed', says: `The admin API does not list identities. ${told(error, settings)}` };
  }
}

async function checkSchemas(kratos: Asked, needed: boolean, settings: string): Promise<Result> {
  try {
    const schemas = parseBody(z.array(KratosSchema), await kratos('listIdentitySchemas', {}, { query: { page_size: 1000 } }));
    return { status: 'ok', says: `Identity schemas can be read: ${schemas.map(({ id }) => clean(id, 60).text).join(', ')}.` };
  } catch (error) {
    return { status: needed ? 'failed' : 'warning', says: `Identity schemas can't be read. ${told(error, settings)}` };
  }
}

/** Whether the admin port answers anybody: then this server is not the only way to every account. */
async function checkAccess(stranger: Asked | undefined, local: boolean, settings: string): Promise<Result> {
  const who = local ? 'every program on this machine' : 'everybody who reaches the address';
  const open: Result = {
    status: 'warning',
    says: `The admin API is open to ${who}: it answers without a credential. This server's gate does not stand in that way; a firewall or a proxy can.`,
  };
  if (stranger === undefined) return open;
  try {
    await stranger('listIdentities', {}, { query: { page_size: 1 } });
    return open;
  } catch (error) {
    const status = statusOf(error);
    if (status === 401 || status === 403) return { status: 'ok', says: 'Without the credential the admin API refuses.' };
    return { status: 'warning', says: `Whether the admin API is open to anybody could not be tested. ${told(error, settings)}` };
  }
}

const statusOf = (error: unknown): number | undefined => (error instanceof KratosError ? error.status : undefined);

/** Ours first, then what Kratos said, cleaned. `settings` say where it was asked. Anything but a failure of the call is a bug. */
function told(error: unknown, settings: string): string {
  if (!(error instanceof KratosError)) throw error;
  if (error.status === undefined) return `${error.message} Check that it runs, and ${settings}.`;
  const said = [error.said?.message, error.said?.reason].filter((it) => it !== undefined).map((it) => `“${clean(it, 300).text}”`);
  const answered = said.length > 0 ? ` It said: ${said.join(', ')}.` : '';
  const hint = error.hint.replace(/; `ory-identity-mcp doctor` shows [^.;]*/, ''); // that is where the reader is
  return `${error.message} (HTTP ${error.status})${answered} ${hint}`;
}
