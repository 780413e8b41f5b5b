/** One line for each refused request, as long as it is not a flood: whoever has no token must not fill the disk that the ledger is on. */
import type { Log } from '../../lib/log.ts';

const WINDOW_MS = 60_000;
const MOST = 200;

export interface Refused {
  readonly check: string;
  readonly status: number;
  readonly route: string;
}

export function createRefusalsLog(log: Log, now: () => number): (refused: Refused) => void {
  let since = -Infinity;
  let count = 0;
  return ({ check, status, route }) => {
    if (now() - since >= WINDOW_MS) {
      if (count > MOST) log.warn('more requests were refused than are logged', { count: count - MOST });
      since = now();
      count = 0;
    }
    count += 1;
    if (count <= MOST) log.warn('request refused', { check, status, route });
  };
}
