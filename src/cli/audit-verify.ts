/** `audit verify`: is the ledger as it was written? Needs no secret and no network. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CHECKPOINTS, LEDGER_FOLDER, rangeOf } from '../audit/files.ts';
import type { Finding } from '../audit/checker.ts';
import { PUBLIC_KEY } from '../audit/keys.ts';
import { readLedger } from '../audit/read.ts';
import { verify, type Evidence, type Verified } from '../audit/verify.ts';
import { UsageError } from '../errors.ts';
import { joined, texts, type AuditCommand } from './audit-records.ts';
import { print } from './print.ts';

/**
 * The words are files of one ledger, or folders (a state folder, or the one with the ledger in it), one for each replica; none: the state
 * folder of the settings.
 */
export async function verifyLedger(words: readonly string[], { stateFolder, options }: AuditCommand): Promise<number> {
  const { checkpoints, 'public-key': publicKey } = texts('verify', options, ['checkpoints', 'public-key']);
  const asJson = options['json'] === true;
  if (words.length > 1 && words.every(isFolder)) {
    if (checkpoints !== undefined || publicKey !== undefined)
      throw new UsageError('Several ledgers have keys and checkpoints of their own: verify one at a time to name them.');
    return verifyReplicas(words, asJson);
  }
  const found = evidence(words.length > 0 ? words : [stateFolder], words.length > 0);
  const report = await verify({
    ...found,
    ...(checkpoints !== undefined && { checkpoints }),
    ...(publicKey !== undefined && { publicKey }),
  });
  print(asJson ? JSON.stringify(report, null, 2) : asText(report));
  return report.ok ? 0 : 1;
}

/** Each by itself; and what only all of them together show: a plan that two replicas carried out. */
async function verifyReplicas(folders: readonly string[], asJson: boolean): Promise<number> {
  const ledgers = await Promise.all(folders.map(async (folder) => ({ folder, ...(await verify(evidence([folder], true))) })));
  const twice = await carriedOutTwice(folders);
  const ok = twice.length === 0 && ledgers.every((it) => it.ok);
  if (asJson) print(JSON.stringify({ ok, ledgers, carried_out_twice: twice }, null, 2));
  else print([...ledgers.map((it) => `${it.folder}\n${asText(it)}`), acrossText(twice, ledgers.length)].join('\n\n'));
  return ok ? 0 : 1;
}

/** Plans with an intent in more than one ledger. */
async function carriedOutTwice(folders: readonly string[]): Promise<readonly string[]> {
  const seen = new Map<string, string>();
  const twice = new Set<string>();
  for (const folder of folders) {
    for await (const { event, plan_id: plan } of readLedger(ledgerIn(folder))) {
      if (event !== 'intent' || plan === undefined) continue;
      if ((seen.get(plan) ?? folder) !== folder) twice.add(plan);
      seen.set(plan, folder);
    }
  }
  return [...twice];
}

const acrossText = (twice: readonly string[], ledgers: number): string =>
  twice.length === 0
    ? `No plan was carried out by two of the ${ledgers}.`
    : joined([`NOT as it should be: carried out by two replicas: ${twice.slice(0, MOST).join(', ')}`], '');

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Of a state folder, or the folder itself. */
const ledgerIn = (folder: string): string => (existsSync(join(folder, LEDGER_FOLDER)) ? join(folder, LEDGER_FOLDER) : folder);

function evidence(paths: readonly string[], areNamed: boolean): Evidence {
  const [first = '', ...more] = paths;
  const areFolders = paths.map((it) => isFolder(it) || !(areNamed || existsSync(it)));
  if (areFolders.includes(true) && more.length > 0) throw new UsageError('audit verify takes folders, or files of one ledger.');
  const state = join(first, LEDGER_FOLDER);
  const inState = areNamed && !existsSync(state) ? first : state;
  const folder = areFolders[0] === true ? inState : dirname(first);
  const ledger = areFolders[0] === true ? { folder } : { files: inOrder(paths) };
  return {
    ledger,
    checkpoints: firstThere([join(folder, CHECKPOINTS)]),
    publicKey: firstThere([join(folder, PUBLIC_KEY), join(dirname(folder), PUBLIC_KEY)]),
  };
}

const firstThere = (paths: readonly string[]): string | undefined => paths.find((it) => existsSync(it));

/** Full files by the numbers in their names; the one that grows comes last. */
function inOrder(paths: readonly string[]): string[] {
  const first = (path: string) => rangeOf(basename(path))?.first ?? Number.POSITIVE_INFINITY;
  return [...paths].sort((a, b) => (first(a) === first(b) ? 0 : first(a) - first(b)));
}

const MOST = 20;
function asText({ ok, files, records, first, last, problems, notes, checkpoints, unsigned, assertions }: Verified): string {
  const list = (findings: readonly Finding[]) => [
    ...findings.slice(0, MOST).map(({ where, says }) => joined([`  ${where}: ${says}`], '')),
    ...(findings.length > MOST ? [`  and ${findings.length - MOST} more`] : []),
  ];
  const range = first === undefined ? '' : ` (${first} to ${last})`;
  const signed = checkpoints.last;
  return [
    `${records} records${range} in ${files.join(', ')}.`,
    signed
      ? `${checkpoints.good} good checkpoints (key ${checkpoints.key_id}), the last one at record ${signed.seq}, ${signed.ts}.`
      : 'No good checkpoint.',
    ...(signed && unsigned > 0
      ? [`Not signed yet: the ${unsigned} after it. They are chained, which whoever can write the file could do too.`]
      : []),
    ...(assertions > 0 ? [`${assertions} passkey signatures are good.`] : []),
    ...(notes.length > 0 ? ['To know:', ...list(notes)] : []),
    ...(problems.length > 0 ? [`NOT as it was written; it begins here:`, ...list(problems)] : []),
    ok ? 'The ledger is whole.' : 'The ledger is NOT whole.',
  ].join('\n');
}
