/** What `doctor` asks of Kratos: reads only, each on its own, so that one that fails hides none of the others. */
import { z } from 'zod';
import { KratosSchema, parseBody } from '../client/bodies.ts';
import type { Kratos } from '../client/types.ts';
import { isLoopback, isPlainHttp } from '../config/urls.ts';
import type { Target } from '../config/target.ts';
import { KratosError } from '../errors.ts';
import { clean } from '../lib/text.ts';

export interface Check {
  readonly name: 'kratos' | 'admin' | 'access' | 'schemas' | 'transport' | 'public';
  readonly status: 'ok' | 'warning' | 'failed';
  readonly says: string;
}
type Result = Omit<Check, 'name'>;
export type Asked = Kratos<'getVersion' | 'listIdentities' | 'listIdentitySchemas'>;

export interface CheckPorts {
  readonly target: Target;
  readonly kratos: Asked;
  /** The same without the credential, where one is configured. */
  readonly stranger: Asked | undefined;
}

export async function runChecks({ target, kratos, stranger }: CheckPorts): Promise<Check[]> {
  const [version, admin, schemas] = await Promise.all([checkVersion(kratos), checkAdmin(kratos), checkSchemas(kratos, target)]);
  const checks: Check[] = [
    { name: 'kratos', ...version },
    { name: 'admin', ...admin },
  ];
  if (target.kind === 'sandbox') return [...checks, { name: 'schemas', ...schemas }];
  if (admin.status === 'ok') checks.push({ name: 'access', ...(await checkAccess(stranger, target.adminUrl)) });
  checks.push({ name: 'schemas', ...schemas });
  if (isPlainHttp(target.adminUrl) && !isLoopback(target.adminUrl)) checks.push({ name: 'transport', ...PLAIN });
  if (target.publicUrl === undefined) checks.push({ name: 'public', ...NO_PUBLIC });
  return checks;
}

const PLAIN: Result = {
  status: 'warning',
  says: 'The admin address is plain http: whoever is on the way can read and change every call. Use https, or keep it inside a network of its own.',
};
const NO_PUBLIC: Result = {
  status: 'warning',
  says:
    'KRATOS_PUBLIC_URL is not set, so no schema can be read: which traits are login identifiers or addresses is not known, every change of traits ' +
    'counts as takeover, a person is asked for it, and the question says so.',
};

async function checkVersion(kratos: Asked): Promise<Result> {
  try {
    const { version } = parseBody(z.looseObject({ version: z.string() }), await kratos('getVersion', {}));
    return { status: 'ok', says: `Kratos ${clean(version, 40).text} answers.` };
  } catch (error) {
    const says = told(error);
    // Some proxies let only the admin routes through: no reason to fail where those work.
    return { status: statusOf(error) === undefined ? 'failed' : 'warning', says: `The version could not be read. ${says}` };
  }
}

async function checkAdmin(kratos: Asked): Promise<Result> {
  try {
    parseBody(z.array(z.unknown()), await kratos('listIdentities', {}, { query: { page_size: 1 } }));
    return { status: 'ok', says: 'The admin API lists identities.' };
  } catch (error) {
    return { status: 'failed', says: `The admin API does not list identities. ${told(error)}` };
  }
}

async function checkSchemas(kratos: Asked, target: Target): Promise<Result> {
  try {
    const schemas = parseBody(z.array(KratosSchema), await kratos('listIdentitySchemas', {}, { query: { page_size: 1000 } }));
    return { status: 'ok', says: `Identity schemas can be read: ${schemas.map(({ id }) => clean(id, 60).text).join(', ')}.` };
  } catch (error) {
    const needed = target.kind === 'sandbox' || target.publicUrl !== undefined;
    return { status: needed ? 'failed' : 'warning', says: `Identity schemas can't be read. ${told(error)}` };
  }
}

/** Whether the admin port answers anybody: then this server is not the only way to every account. */
async function checkAccess(stranger: Asked | undefined, adminUrl: string): Promise<Result> {
  const who = isLoopback(adminUrl) ? 'every program on this machine' : 'everybody who reaches the address';
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
    return { status: 'warning', says: `Whether the admin API is open to anybody could not be tested. ${told(error)}` };
  }
}

const statusOf = (error: unknown): number | undefined => (error instanceof KratosError ? error.status : undefined);

/** Ours first, then what Kratos said, cleaned. Anything but a failure of the call is a bug, and goes on up. */
function told(error: unknown): string {
  if (!(error instanceof KratosError)) throw error;
  const said = [error.said?.message, error.said?.reason].filter((it) => it !== undefined).map((it) => `“${clean(it, 300).text}”`);
  const answered = said.length > 0 ? ` It said: ${said.join(', ')}.` : '';
  const status = error.status === undefined ? '' : ` (HTTP ${error.status})`;
  return `${error.message}${status}${answered} ${error.hint}`;
}
