/** Who carries out what, and what those left who are gone. */
import * as counting from './counters.ts';
import type { Access } from './access.ts';
import { isAlive } from './file-lock.ts';
import { namedBy, type StoreNames } from './names.ts';
import * as rules from './plans.ts';
import type { Backing, Owner } from './state.ts';
import type { Plans } from './types.ts';

export function claimsOf(
  { look, change, secure }: Access,
  backing: Backing,
  names: StoreNames,
): Pick<Plans, 'claim' | 'begin' | 'finish' | 'orphans' | 'isUnderWay'> {
  const { instance, pid = process.pid } = names;
  const owner = { pid, instance };
  const isGone = async (its: Owner): Promise<boolean> =>
    backing.isGone?.(its) ?? (its.pid === pid ? its.instance !== instance : !isAlive(its.pid));
  const { heard, finish, writeDown } = writing(change, owner);
  return {
    claim: (id, match, spendings = []) =>
      heard((reached) =>
        secure((state, now, burn) => {
          if (!rules.isClaimable(state, id, match)) return false;
          if (!counting.spend(state, spendings, now).ok) return false;
          if (!burn(id)) {
            rules.end(state, id, { state: 'void', outcome: 'claimed before', now });
            return false;
          }
          reached(id);
          rules.claim(state, id, owner);
          return true;
        }),
      ),
    begin(plan) {
      const its = namedBy(names);
      return heard((reached) =>
        secure((state, now) => {
          reached(its.id);
          return rules.begin(state, plan, { now, named: its, owner });
        }),
      );
    },
    finish,
    async orphans() {
      await writeDown();
      const gone = new Set<string>();
      for (const it of await look(rules.ownersOf)) if (await isGone(it)) gone.add(nameOf(it));
      // Looked at again: who is gone by now may have finished before.
      return gone.size === 0 ? [] : look((state) => rules.claimedBy(state, (it) => gone.has(nameOf(it))));
    },
    isUnderWay: (request) =>
      look((state) => rules.claimedBy(state, (it) => nameOf(it) !== nameOf(owner)).some((it) => it.request === request)),
  };
}

interface Writing {
  /** `reached`: from here on it is claimed, unless this throws. */
  readonly heard: <T>(claiming: (reached: (id: string) => void) => Promise<T>) => Promise<T>;
  readonly finish: Plans['finish'];
  /** What could not be written down when it was due. */
  readonly writeDown: () => Promise<void>;
}

function writing(change: Access['change'], owner: Owner): Writing {
  /** Claims that may have been kept, though we were told that they were not: nothing was sent for them. */
  const unheard = new Set<string>();
  /** How they ended. */
  const ended = new Map<string, string>();
  return {
    async heard(claiming) {
      let claimed: string | undefined;
      try {
        return await claiming((id) => {
          claimed = id;
          unheard.delete(id);
        });
      } catch (error) {
        if (claimed !== undefined) unheard.add(claimed);
        throw error;
      }
    },
    async finish(id, outcome) {
      try {
        await change((state, now) => rules.finish(state, id, { outcome, now }));
      } catch (error) {
        ended.set(id, outcome);
        throw error;
      }
    },
    async writeDown() {
      const [claims, ends] = [[...unheard], [...ended]];
      if (claims.length + ends.length === 0) return;
      await change((state, now) => {
        const mine = claims.filter((id) => nameOf(state.plans.get(id)?.owner) === nameOf(owner));
        for (const id of mine) rules.finish(state, id, { outcome: 'failed', now });
        for (const [id, outcome] of ends) rules.finish(state, id, { outcome, now });
      });
      for (const id of claims) unheard.delete(id);
      for (const [id] of ends) ended.delete(id);
    },
  };
}

const nameOf = (owner: Owner | undefined): string => (owner === undefined ? '' : `${owner.pid} ${owner.instance}`);
