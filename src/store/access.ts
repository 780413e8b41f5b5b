/** A state, looked at and changed as of now: what time has done to it is seen first. */
import type { Backing, Burn, State } from './state.ts';
import { sweep } from './sweep.ts';

export interface Access {
  /** A look costs no lock, unless it finds that something expired. */
  readonly look: <T>(work: (state: State, now: number) => T) => Promise<T>;
  readonly change: Change;
  /** The same, and outliving a power cut. */
  readonly secure: Change;
}
export type Change = <T>(work: (state: State, now: number, burn: Burn) => T) => Promise<T>;

export function accessTo(backing: Backing): Access {
  const changing =
    (durable: boolean): Change =>
    (work) =>
      backing.update(
        (state, now, burn) => {
          sweep(state, now);
          return work(state, now, burn);
        },
        { durable },
      );
  const change = changing(false);
  return {
    change,
    secure: changing(true),
    async look(work) {
      const { state, now } = await backing.read();
      return sweep(state, now) ? change(work) : work(state, now);
    },
  };
}
