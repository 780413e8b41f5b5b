/** Deadlines. */

/** The caller reads it: nothing came in time; what was asked for may or may not be done. */
export class Late extends Error {
  override readonly name = 'Late';
}

/** A busy process sees a timer before the reply that lies in its socket: then the reply has the time that was lost, and no more. */
const LATE_TIMER_MS = 50;
const LONGEST_EXTRA_MS = 250;

/** Rejects with `Late` after so many milliseconds; how `work` ends afterwards is nobody's concern. */
export function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const due = performance.now() + ms;
    const giveUp = () => setImmediate(() => reject(new Late('no answer in time')));
    let timer = setTimeout(() => {
      const lost = performance.now() - due;
      if (lost < LATE_TIMER_MS) giveUp();
      else timer = setTimeout(giveUp, Math.min(lost, LONGEST_EXTRA_MS));
    }, ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
