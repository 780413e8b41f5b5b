/** To disk, without holding up the event loop. */
import { closeSync, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';

export const sync = promisify(fsync);

/** A new name is durable once its folder is synced. Windows has no such call, and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    await sync(fd);
  } finally {
    closeSync(fd);
  }
}
