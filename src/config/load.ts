/** Flags before environment before default. The only reader of `process.env`. */
import { UsageError } from '../errors.ts';
import { convert } from './convert.ts';
import { httpSettings } from './http-settings.ts';
import { rows, type Key, type Origin, type Origins, type Setting, type Values } from './settings.ts';
import { chooseTarget, type Target } from './target.ts';

export type Env = Readonly<Record<string, string | undefined>>;
/** What the command line gave, by flag name without the dashes. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

export interface Settings extends Values {
  readonly target: Target;
  /** Where each value came from. */
  readonly origins: Origins;
}
const httpKeys = (Object.keys(httpSettings) as (keyof typeof httpSettings)[]).filter((it) => it !== 'http'); // cast: Object.keys widens

interface Read {
  readonly values: Values;
  readonly origins: Origins;
  /** What the operator should know although it does not stop the start; one line each, without secrets. */
  readonly notices: string[];
}

/** All settings of a run against some Kratos. Throws `UsageError`. */
export function load(flags: Flags, env: Env = process.env): { readonly settings: Settings; readonly notices: readonly string[] } {
  const { values, origins, notices } = readValues(flags, env);
  try {
    refuseIdle(values, origins);
    return { settings: { ...values, origins, target: chooseTarget(values, origins, notices) }, notices };
  } catch (error) {
    if (!(error instanceof UsageError) || notices.length === 0) throw error;
    throw new UsageError([error.message, ...notices].join(' ')); // a notice may be the reason
  }
}

/** The values alone: no file is opened and no Kratos is needed. Throws `UsageError`. */
export function readValues(flags: Flags, env: Env = process.env): Read {
  refuseUnknown(env);
  const notices: string[] = [];
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [key, row] of rows) {
    const given = find(row, { flags, env, notices });
    const fallback = row.kind === 'folder' ? row.derive(env) : row.default;
    values[key] = given === undefined ? fallback : convert(given.name, row, given.text);
    origins[key] =
      given === undefined ? { source: fallback === undefined ? 'unset' : 'default' } : { source: given.source, name: given.name };
  }
  return { values: values as Values, origins: origins as Record<Key, Origin>, notices }; // casts: every row was converted by its own kind
}

interface Given {
  readonly source: 'flag' | 'environment';
  readonly name: string;
  readonly text: string;
}
interface Sources {
  readonly flags: Flags;
  readonly env: Env;
  readonly notices: string[];
}

/** The text that sets it, if any. */
function find(row: Setting, sources: Sources): Given | undefined {
  return findFlag(row, sources) ?? findVariable(row, sources);
}

function findFlag(row: Setting, { flags, notices }: Sources): Given | undefined {
  const value = row.flag === undefined ? undefined : flags[row.flag];
  const name = `--${row.flag}`;
  if (value === undefined || !isFilledIn(name, String(value), notices)) return undefined;
  if (value === '') throw new UsageError(`${name} needs a value.`);
  return { source: 'flag', name, text: String(value) };
}

function findVariable(row: Setting, { env, notices }: Sources): Given | undefined {
  for (const variable of [row.alias, row.env]) {
    const text = variable === undefined ? undefined : env[variable];
    if (variable === undefined || text === undefined || !isFilledIn(variable, text, notices)) continue;
    // An empty variable is an unset one, but for a list: there, "nothing" must not turn into "everything".
    if (text.trim() !== '' || row.kind === 'list') return { source: 'environment', name: variable, text: text.trim() };
  }
  return undefined;
}

/** Clients hand on `${VAR}` as it stands where they know no such variable. In the middle of a text there is nothing it could count as. */
function isFilledIn(name: string, text: string, notices: string[]): boolean {
  if (!/\$\{[^{}]*\}/.test(text)) return true;
  if (!/^\s*\$\{[^{}]*\}\s*$/.test(text))
    throw new UsageError(`${name} holds a literal \${…} that nobody filled in. Write the value itself.`);
  notices.push(`${name} holds a literal \${…} that nobody filled in, and counts as unset.`);
  return false;
}

/** What is about HTTP means nothing on stdio: who sets it believes in an authentication, or a store, that would not be there. */
function refuseIdle({ http }: Values, origins: Origins): void {
  if (http !== undefined) return;
  const idle = httpKeys.find((it) => origins[it].name !== undefined);
  if (idle !== undefined)
    throw new UsageError(`${origins[idle].name ?? idle} is for serving over HTTP. Set --http (KRATOS_MCP_HTTP), too, or leave it out.`);
}

/** The prefix is ours, so a name nobody knows is a typing error, and it may be the preset that is lost by it. */
function refuseUnknown(env: Env): void {
  const known = new Set(rows.flatMap(([, row]) => [row.env, row.alias]));
  const unknown = Object.keys(env).find((it) => it.startsWith('KRATOS_MCP_') && !known.has(it));
  if (unknown !== undefined) throw new UsageError(`${unknown} is no setting of this version. See --help for their names.`);
}
