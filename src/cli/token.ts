/** `token add|list|remove`: static tokens for machines, in the file of --tokens-file. */
import { UsageError } from '../errors.ts';
import { DAY_MS, decodeTokens, digestOf, encodeTokens, isId, isOwner, isScopes, MAX_DAYS, newToken } from '../auth/tokens-file.ts';
import type { StaticToken } from '../auth/tokens-file.ts';
import { SCOPES } from '../caller.ts';
import { readSettingFile } from '../config/files.ts';
import { readValues, type Flags } from '../config/load.ts';
import { waysToSet } from '../config/settings.ts';
import { lockedFile } from '../store/locked-file.ts';
import type { CommandCall } from './commands.ts';
import { print, printError, table } from './print.ts';

const OWN = { add: ['id', 'scopes', 'days', 'owner'], list: ['json'], remove: [] } as const;

/** Answers the exit code. Throws `UsageError`. */
export async function run({ words, options, flags }: CommandCall, now = Date.now): Promise<number> {
  const [what, ...more] = words;
  if (what !== 'add' && what !== 'list' && what !== 'remove') throw new UsageError('token is followed by add, list or remove.');
  const allowed = what === 'remove' ? 1 : 0;
  if (more.length > allowed) throw new UsageError(`token ${what} takes ${allowed === 0 ? 'nothing' : 'one id'} after it.`);
  const foreign = Object.keys(options).find((it) => !OWN[what].some((own) => own === it));
  if (foreign !== undefined) throw new UsageError(`--${foreign} does not go with token ${what}.`);
  const path = pathOf(flags);
  if (what === 'list') return list(path, { json: options['json'] === true, now: now() });
  return what === 'add' ? add(path, options, now()) : remove(path, more[0]);
}

function pathOf(flags: Flags): string {
  const path = readValues(flags).values.tokensFile;
  if (path !== undefined) return path;
  throw new UsageError(`Name the file of static tokens: set ${waysToSet('tokensFile')}.`);
}

async function add(path: string, options: Flags, now: number): Promise<number> {
  const row = rowOf(options, now);
  const token = newToken();
  await change(path, (tokens) => {
    if (tokens.some(({ id }) => id === row.id)) {
      throw new UsageError(`There is a token ${row.id} already. Choose another --id, or remove that one first: token remove ${row.id}.`);
    }
    return [...tokens, { ...row, hash: digestOf(token).toString('hex') }];
  });
  print(token);
  printError(
    `This is shown once; ${path} holds its hash. It counts until ${iso(row.expires)} for ${row.scopes.join(', ')}, and can never approve.`,
  );
  return 0;
}

function rowOf(options: Flags, now: number): Omit<StaticToken, 'hash'> {
  const { id, owner } = options;
  const scopes = typeof options['scopes'] === 'string' ? options['scopes'].split(',').map((it) => it.trim()) : [];
  const days = /^\d{1,3}$/.test(String(options['days'])) ? Number(options['days']) : 0;
  if (!isId(id)) throw new UsageError('--id must be 1 to 64 small letters, digits, dots, - or _, and begin with a letter or digit.');
  if (!isScopes(scopes)) throw new UsageError(`--scopes must be some of these, separated by commas: ${SCOPES.join(', ')}.`);
  if (days < 1 || days > MAX_DAYS) throw new UsageError(`--days must be a whole number from 1 to ${MAX_DAYS}.`);
  if (owner !== undefined && !isOwner(owner)) {
    throw new UsageError('--owner must be the person behind the token: <issuer>|<sub>, or the value of the claim in --oauth-person-claim.');
  }
  return { id, scopes: [...new Set(scopes)], created: now, expires: now + days * DAY_MS, owner };
}

async function list(path: string, { json, now }: { readonly json: boolean; readonly now: number }): Promise<number> {
  const tokens = tokensIn(path) ?? [];
  const rows = tokens.map(({ id, scopes, created, expires, owner }) => ({
    id,
    scopes,
    created: iso(created),
    expires: iso(expires),
    ...(owner !== undefined && { owner }),
    expired: expires <= now,
  }));
  if (json) print(JSON.stringify(rows, null, 2));
  else if (rows.length === 0) print(`There are no tokens in ${path}. token add makes one.`);
  else {
    const lines = rows.map((it) => [it.id, it.expired ? `expired ${it.expires}` : it.expires, it.owner ?? '-', it.scopes.join(' ')]);
    print(table([['id', 'counts until', 'owner', 'scopes'], ...lines]));
  }
  return 0;
}

async function remove(path: string, id: string | undefined): Promise<number> {
  if (id === undefined) throw new UsageError('token remove needs the id of a token; token list shows them.');
  await change(path, (tokens) => {
    const left = tokens.filter((it) => it.id !== id);
    if (left.length === tokens.length) throw new UsageError('There is no such token; token list shows them.');
    return left;
  });
  print(`The token ${id} is removed. Servers that use this file see it within a second.`);
  return 0;
}

/** Whole or not at all, and one after another. */
async function change(path: string, make: (tokens: readonly StaticToken[]) => readonly StaticToken[]): Promise<void> {
  try {
    await lockedFile(path).update((before) => {
      const tokens = before === undefined ? [] : (tokensIn(path) ?? []);
      return { text: encodeTokens(make(tokens)), result: undefined, durable: true };
    });
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    throw new UsageError(
      `${path} could not be written (${'code' in error ? String(error.code) : error.name}). Check the folder and who may write in it.`,
    );
  }
}

/** Undefined: there is no such file. */
function tokensIn(path: string): readonly StaticToken[] | undefined {
  if (lockedFile(path).read() === undefined) return undefined;
  return decodeTokens(readSettingFile(path, { name: path, secret: true }), path);
}

const iso = (ms: number): string => new Date(ms).toISOString();
