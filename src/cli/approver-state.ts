/** What the commands of approvers stand on: the state folder and the store that goes with it, opened, and the terminal. */
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { openLedger } from '../audit/ledger.ts';
import type { Ledger } from '../audit/record.ts';
import { stateKeysIn } from '../config/http.ts';
import { readValues, type Flags } from '../config/load.ts';
import { waysToSet, type Values } from '../config/settings.ts';
import { UsageError } from '../errors.ts';
import { createLog } from '../lib/log.ts';
import { noMeter } from '../lib/meter.ts';
import type { PagePorts } from '../page/types.ts';
import type { Policy } from '../policy/policy.ts';
import { presetPolicy } from '../policy/preset-policy.ts';
import { createApprovers } from '../store/approvers.ts';
import { openFolder, type Folder } from '../store/folder.ts';
import { createKept } from '../store/kept.ts';
import { createReveals } from '../store/reveals.ts';
import { readPolicy } from './policy-source.ts';
import { print, printError } from './print.ts';
import { openStore } from './store-of.ts';

export interface Terminal {
  readonly print: (text: string) => void;
  /** Undefined: nobody answers any more. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** How long the page stays when all is done, so that a browser on it still sees the end. */
  readonly lingerMs: number;
}

export interface Office extends Omit<PagePorts, 'policy'> {
  readonly folder: Folder;
  /** What all that is told of holds for: the state folder, or the store that several share. */
  readonly where: string;
  readonly policy: () => Policy;
  readonly terminal: Terminal;
  /** The person at the terminal, as the server names them on stdio. */
  readonly principal: string;
  /** Whether servers elsewhere share what `where` names. */
  readonly isShared: boolean;
  /** What questions are sealed with: the same for all who share them. */
  readonly sealKey: Uint8Array;
  /** The page of the server, where approvers sign in there with a provider: enrolled ones don't count then. */
  readonly signInPage: string | undefined;
}

const LEVEL = 'L0'; // whoever can run this here has the rights of the folder's owner

interface OfficeOptions {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** For what must also work while the policy file can't be used. */
  readonly withoutPolicy?: boolean;
}

/** Throws `UsageError`. */
export async function openOffice(
  flags: Flags,
  terminal: Terminal,
  { now = Date.now, withoutPolicy = false }: OfficeOptions = {},
): Promise<Office> {
  const { values, origins } = readValues(flags);
  const policy = withoutPolicy ? presetPolicy(values.preset) : await readPolicy({ ...values, origins });
  const folder = openFolder(values.stateDir);
  const instance = randomBytes(8).toString('hex');
  const approvers = createApprovers(folder, { now });
  const log = createLog({ level: 'warn', write: (line) => printError(line.trimEnd()), now: () => new Date() });
  refuseWithoutKey(values);
  const { store, keys, close } = await openStore(values, { folder, instance, now, log, meter: noMeter });
  const ledger = await openLedger({ folder, kratosUrl: values.adminUrl ?? 'none', level: LEVEL, instance, now }).catch(async (error) => {
    await close(); // an open line would hold the process
    throw error;
  });
  const { uid, username } = userInfo();
  const kept = createKept(now); // of this page alone
  const where = values.store === undefined ? `the state folder ${folder.path}` : `the store ${values.store}`;
  return {
    port: values.pagePort,
    store,
    approvers,
    kept,
    reveals: createReveals(kept, now),
    ledger,
    environment: where,
    level: LEVEL,
    policy: () => policy,
    now,
    folder,
    where,
    terminal,
    principal: `os:${uid}:${username}`,
    isShared: values.store !== undefined,
    sealKey: keys.key('seal'),
    signInPage: values.approvalsClientId === undefined ? undefined : pageOf(values),
  };
}

const pageOf = ({ externalUrl }: Values): string =>
  externalUrl === undefined ? '/approvals of the server' : `${new URL(externalUrl).origin}/approvals`;

/** With a key of its own a command would begin a state that no server can read. Throws `UsageError`. */
function refuseWithoutKey(values: Values): void {
  if (values.store === undefined || stateKeysIn(values) !== undefined) return;
  throw new UsageError(
    `${waysToSet('store')} is shared: set KRATOS_MCP_STATE_KEYS or ${waysToSet('stateKeysFile')}, too, as your servers have them.`,
  );
}

export async function closeOffice({ ledger, store }: { readonly ledger: Ledger; readonly store: PagePorts['store'] }): Promise<void> {
  await ledger.close();
  await store.close();
}

/** The exit code of a command that Ctrl-C ended, as shells have it. */
export const INTERRUPTED = 130;

/** Opens, works, and closes however it ends. */
export async function inOffice(flags: Flags, work: (office: Office) => Promise<number>, options: OfficeOptions = {}): Promise<number> {
  const { terminal, close } = realTerminal();
  try {
    const office = await openOffice(flags, terminal, options);
    try {
      return await work(office);
    } finally {
      await closeOffice(office);
    }
  } finally {
    close();
  }
}

function realTerminal(): { readonly terminal: Terminal; readonly close: () => void } {
  const ended = new AbortController();
  const end = () => ended.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  const { signal } = ended;
  const terminal: Terminal = { print, ask: (question) => answerTo(question, signal), signal, lingerMs: 5_000 };
  return {
    terminal,
    close() {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, end);
    },
  };
}

async function answerTo(question: string, signal: AbortSignal): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const closed = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
  try {
    return await Promise.race([lines.question(question, { signal }), closed]);
  } catch {
    return undefined; // ended by the signal
  } finally {
    lines.close();
  }
}
