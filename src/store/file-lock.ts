/**
 * A lock between processes, as a file that only one can create. A process that died while holding it is found out by its id; one that
 * hangs longer than any holder of ours works loses it. Not for network file systems.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** The caller reads it: others held the lock for too long; `work` has not begun. */
export class FileLockBusy extends Error {
  override readonly name = 'FileLockBusy';
}

export interface FileLockOptions {
  readonly waitMs?: number;
  /** A holder that has it for longer loses it: it hangs. */
  readonly longestMs?: number;
}

/** Holders write a line and sync it. */
const LONGEST_MS = 30_000;
/** Younger than this a file without an owner may be one that is just being written. */
const YOUNG_MS = 2_000;

const BUSY = 'The lock is held by somebody else for too long.';
const queues = new Map<string, Promise<unknown>>();

/** Runs `work` while holding the lock; one after another within this process, too. Throws `FileLockBusy`, or what the file system says. */
export async function withFileLock<T>(
  path: string,
  work: () => T | Promise<T>,
  { waitMs = 5_000, longestMs = LONGEST_MS }: FileLockOptions = {},
): Promise<T> {
  const before = queues.get(path) ?? Promise.resolve();
  const until = performance.now() + waitMs;
  const mine = before.then(() => held(path, work, { until, longestMs }));
  const settled = mine.catch(() => {});
  queues.set(path, settled);
  try {
    return await mine;
  } finally {
    if (queues.get(path) === settled) queues.delete(path);
  }
}

interface Limits {
  /** By `performance.now()`. */
  readonly until: number;
  readonly longestMs: number;
}

async function held<T>(path: string, work: () => T | Promise<T>, limits: Limits): Promise<T> {
  if (performance.now() > limits.until) throw new FileLockBusy(BUSY); // those before us in this process took too long
  const token = `${process.pid} ${hostname()} ${randomBytes(12).toString('hex')}`;
  await take(path, token, limits);
  try {
    return await work();
  } finally {
    if (contentOf(path) === token) unlinkSync(path); // taken away from us if we hung
  }
}

async function take(path: string, token: string, { until, longestMs }: Limits): Promise<void> {
  for (;;) {
    if (make(path, token)) return;
    if (removeStale(path, longestMs)) continue;
    if (performance.now() > until) throw new FileLockBusy(BUSY);
    await sleep(1 + Math.random() * 4);
  }
}

/** A file, 0600, that only one can make: its descriptor, or undefined for all others. */
export function openOnce(path: string): number | undefined {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return undefined;
    throw error;
  }
}

/** False: somebody else has it. Nothing is left behind where there is no room for it: an empty lock would hold up everybody for a while. */
function make(path: string, token: string): boolean {
  const file = openOnce(path);
  if (file === undefined) return false;
  try {
    writeSync(file, token);
  } catch (error) {
    tryTo(() => unlinkSync(path));
    throw error;
  } finally {
    closeSync(file);
  }
  return true;
}

/** Only who made the folder beside it removes a lock of others, so that nobody removes the lock of who was faster. */
function removeStale(path: string, longestMs: number): boolean {
  const seen = contentOf(path);
  if (seen === undefined) return true;
  if (!isStale(path, seen, longestMs)) return false;
  const removing = `${path}.removing`;
  try {
    mkdirSync(removing, { mode: 0o700 });
  } catch {
    if (ageOf(removing) > LONGEST_MS) tryTo(() => rmdirSync(removing)); // its maker died in this very moment
    return false;
  }
  try {
    if (contentOf(path) === seen) tryTo(() => unlinkSync(path));
    return true;
  } finally {
    tryTo(() => rmdirSync(removing));
  }
}

function isStale(path: string, content: string, longestMs: number): boolean {
  const age = ageOf(path);
  const [pid, host] = content.split(' ');
  if (age > longestMs) return true;
  if (host === undefined || host === '') return age > YOUNG_MS;
  return host === hostname() && !isAlive(Number(pid));
}

/** Whether a process of this machine is there, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function ageOf(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function tryTo(work: () => void): void {
  try {
    work();
  } catch {
    // somebody else did it
  }
}

export const isCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code;
