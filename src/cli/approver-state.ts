/** What the commands of approvers stand on: the state folder, opened, and the terminal. */
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { openLedger } from '../audit/ledger.ts';
import type { Ledger } from '../audit/record.ts';
import { readValues, type Flags } from '../config/load.ts';
import type { PagePorts } from '../page/types.ts';
import type { Policy } from '../policy/policy.ts';
import { presetPolicy } from '../policy/preset-policy.ts';
import { createApprovers } from '../store/approvers.ts';
import { openFolder, type Folder } from '../store/folder.ts';
import { createReveals } from '../store/reveals.ts';
import { openFileStore } from '../store/store.ts';
import { readPolicy } from './policy-source.ts';
import { print } from './print.ts';

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
  readonly policy: () => Policy;
  readonly terminal: Terminal;
  /** The person at the terminal, as the server names them on stdio. */
  readonly principal: string;
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
  const store = await openFileStore(folder, { now, randomId: () => randomBytes(16).toString('base64url'), instance });
  const ledger = await openLedger({ folder, kratosUrl: values.adminUrl ?? 'none', level: LEVEL, instance, now });
  const { uid, username } = userInfo();
  return {
    port: values.pagePort,
    store,
    approvers,
    reveals: createReveals(now),
    ledger,
    environment: `the state folder ${folder.path}`,
    level: LEVEL,
    policy: () => policy,
    now,
    folder,
    terminal,
    principal: `os:${uid}:${username}`,
  };
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
