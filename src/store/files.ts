/** The state in a folder: `state.json`, replaced under a lock; `claims/`, where each claimed plan is a name that can be made once; `frozen`. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import { isCode, openOnce } from './file-lock.ts';
import { BadState, decodeState, encodeState } from './encode.ts';
import type { Folder } from './folder.ts';
import { freezeOf, MOST_WHY } from './freeze.ts';
import { lockedFile, removeLeftovers, syncFolder, type LockedFile } from './locked-file.ts';
import { voidOpen } from './plans.ts';
import { copyOf, emptyState, StateLost, type Backing, type State } from './state.ts';
import { together } from './together.ts';
import type { Freeze } from './types.ts';

/** Longer than a question stands, whatever policy says, and longer than a clock is off. */
const KEEP_CLAIMS_MS = 8 * 24 * 3_600_000;

/** Makes what is missing. Throws `UsageError` where what is there can't be used; later, `FileLockBusy` where others hold it for too long. */
export async function openFileBacking(folder: Folder, now: () => number): Promise<Backing> {
  const file = lockedFile(folder.file('state.json'));
  const claims = folder.file('claims');
  const key = folder.key('state');
  await opened(file, { claims, key, now });
  const decoded = decoder(file.path, key);
  return {
    read: () => Promise.resolve().then(() => ({ state: decoded.of(file.read()), now: now() })),
    update: together((changes) =>
      file.update((before) => {
        let state = decoded.of(before);
        const told = changes.map(({ change, resolve, reject }) => {
          const draft = copyOf(state);
          try {
            const result = change(draft, now(), (plan) => burn(join(claims, plan)));
            state = draft;
            return () => resolve(result);
          } catch (error) {
            return () => reject(error); // nothing of it is kept
          }
        });
        const text = encodeState(state, key);
        decoded.know(text, state);
        return { text, result: told, durable: changes.some((it) => it.durable) };
      }),
    ),
    freeze: flag(folder),
  };
}

interface Decoder {
  /** A copy of one's own. */
  of(text: string | undefined): State;
  /** What a text of our own means. */
  know(text: string, state: State): void;
}

/** Remembers the last text and what it means: mostly nobody else has written since. */
function decoder(path: string, key: Buffer): Decoder {
  let last: { readonly text: string; readonly state: State } | undefined;
  return {
    of(text) {
      if (text === undefined) throw new StateLost(`${path} is gone while it was in use; ${RESTART}`);
      if (last?.text !== text) last = { text, state: decodedAtRunTime(text, { path, key }) };
      return copyOf(last.state);
    },
    know(text, state) {
      last = { text, state };
    },
  };
}

const RESTART = 'nothing is done until this server is started again.';

function decodedAtRunTime(text: string, { path, key }: { readonly path: string; readonly key: Buffer }): State {
  try {
    return decodeState(text, key);
  } catch (error) {
    if (!(error instanceof BadState)) throw error;
    throw new StateLost(`${path} cannot be used: ${error.message}; ${RESTART}`, { cause: error });
  }
}

interface Opening {
  readonly claims: string;
  readonly key: Buffer;
  readonly now: () => number;
}

/** Without its claims a state doesn't know what was carried out: what is open in it ends. */
async function opened(file: LockedFile, { claims, key, now }: Opening): Promise<void> {
  try {
    await file.update((text) => {
      const state = text === undefined ? emptyState() : decodeState(text, key);
      if (!isThere(claims)) voidOpen(state, 'lost', now());
      return { text: encodeState(state, key), result: undefined, durable: true };
    });
    mkdirSync(claims, { recursive: true, mode: 0o700 });
    removeOldClaims(claims);
    removeLeftovers(file.path);
  } catch (error) {
    if (error instanceof BadState) throw new UsageError(refusal(file.path, error));
    const because = error instanceof Error ? error.message : 'for an unknown reason';
    throw new UsageError(
      `${file.path} cannot be used: ${because} Free it, or name another folder with --state-dir (KRATOS_MCP_STATE_DIR).`,
    );
  }
}

function refusal(path: string, { kind, message }: BadState): string {
  if (kind === 'newer')
    return `${path} was written by a newer version of this program: ${message}. Use that version, or name another folder with --state-dir (KRATOS_MCP_STATE_DIR).`;
  return (
    `${path} is damaged: ${message}. Look into why, then move the file away and start again: ` +
    'open questions end with it, and budgets, cool-downs and locks begin anew.'
  );
}

/** Anything by that name counts, so that nothing odd there opens the gate. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Not synced: that it was claimed is in the state, which is. This is for a state that is put back, or written by two. */
function burn(path: string): boolean {
  const file = openOnce(path);
  if (file === undefined) return false;
  closeSync(file);
  return true;
}

function removeOldClaims(claims: string): void {
  for (const name of readdirSync(claims)) {
    try {
      if (Date.now() - statSync(join(claims, name)).mtimeMs > KEEP_CLAIMS_MS) unlinkSync(join(claims, name));
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
    }
  }
}

/** Its being there is what counts, so that `touch frozen` works; what is in it is the reason. */
function flag(folder: Folder): Backing['freeze'] {
  const path = folder.file('frozen');
  const is = (): boolean => {
    if (isThere(path)) return true;
    if (!isThere(folder.path)) throw new StateLost(`${folder.path} is gone while it was in use.`);
    return false;
  };
  return {
    is,
    why: () => (is() ? freezeIn(path) : undefined),
    set(why) {
      const file = openSync(path, 'a', 0o600);
      try {
        writeSync(file, `${why}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      syncFolder(folder.path);
    },
    clear() {
      if (isThere(path)) unlinkSync(path);
    },
  };
}

/** That it is there is what counts; one that can't be read says nothing. */
function freezeIn(path: string): Freeze {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const bytes = Buffer.alloc(MOST_WHY);
      const length = readSync(file, bytes, 0, MOST_WHY, 0);
      return freezeOf(bytes.toString('utf8', 0, length), fstatSync(file).mtimeMs);
    } finally {
      closeSync(file);
    }
  } catch {
    return { why: '' };
  }
}
