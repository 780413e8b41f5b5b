/** Who may answer on the page: `approvers.json`, sealed by the state folder's key, so that an edit by hand is seen. */
import { UsageError } from '../errors.ts';
import { decodeApprovers, encodeApprovers, type ApproverFile } from './approvers-file.ts';
import * as codes from './codes.ts';
import type { Folder } from './folder.ts';
import { lockedFile } from './locked-file.ts';
import type { Approver, Approvers } from './types.ts';

/** Removed ones are remembered for their enrolment, which a page shows. */
const MAX_REMOVED = 200;

export function createApprovers(folder: Folder, { now }: { readonly now: () => number }): Approvers {
  const file = lockedFile(folder.file('approvers.json'));
  const key = folder.key('approvers');
  const open = (text: string | undefined) => decodeApprovers(text, { key, path: file.path });
  const read = () => Promise.resolve().then(() => open(file.read()));
  /** `change` comes back with the file as it is to be, or with the same one. */
  const update = <T>(change: (now: ApproverFile) => readonly [ApproverFile, T]): Promise<T> =>
    file.update((text) => {
      const before = open(text);
      const [after, result] = change(before);
      return { text: after === before && text !== undefined ? text : encodeApprovers(after, key), result, durable: true };
    });
  /** Only of those who are enrolled; `otherwise` for all else. */
  const tries = <T>(id: string, otherwise: T, change: (of: codes.Tries) => readonly [codes.Tries, T]): Promise<T> =>
    update((all) => {
      if (!all.approvers.some((it) => it.id === id)) return [all, otherwise];
      const [after, result] = change(all.codes.get(id) ?? codes.NONE);
      return [{ ...all, codes: new Map(all.codes).set(id, after) }, result];
    });

  return {
    list: async () => (await read()).approvers,
    async enrolments() {
      const { approvers, removed } = await read();
      const there = approvers.map(({ name, method, enrolledAt }) => ({ name, method, at: enrolledAt }));
      return [...there, ...removed].sort((a, b) => b.at - a.at);
    },
    add: (approver) =>
      update((all) => {
        refuseTwice(all.approvers, approver);
        return [{ ...all, approvers: [...all.approvers, approver] }, undefined];
      }),
    remove: (id) =>
      update((all) => {
        const found = all.approvers.find((it) => it.id === id);
        if (!found) return [all, false];
        const { name, method, enrolledAt: at } = found;
        const left = new Map(all.codes);
        left.delete(id);
        const removed = [...all.removed, { name, method, at, removedAt: now() }].slice(-MAX_REMOVED);
        return [{ approvers: all.approvers.filter((it) => it !== found), removed, codes: left }, true];
      }),
    counted: (id, counter) =>
      update((all) => {
        const approvers = all.approvers.map((it) => (it.id === id ? withCounter(it, counter) : it));
        return [{ ...all, approvers }, undefined];
      }),
    useCode: (id, step) => tries(id, false, (of) => codes.use(of, step, now())),
    mayTry: (id) => tries(id, false, (of) => codes.begin(of, now())),
    failed: (id) => tries(id, undefined, (of) => [codes.fail(of, now()), undefined]),
  };
}

/** Never back: two processes may count at the same time. */
const withCounter = (approver: Approver, counter: number): Approver =>
  approver.passkey && counter > approver.passkey.counter ? { ...approver, passkey: { ...approver.passkey, counter } } : approver;

/** The same factor under two names would be two approvers. */
function refuseTwice(known: readonly Approver[], { id, passkey, totp, enrolledBy }: Approver): void {
  // Under the lock of the file: of two who want to be the first, one is not.
  if (enrolledBy === undefined && known.length > 0) {
    throw new UsageError('Somebody was enrolled meanwhile, and each after the first needs the consent of an approver. Start again.');
  }
  const twin = known.find(
    (it) =>
      it.id === id || (passkey !== undefined && it.passkey?.id === passkey.id) || (totp !== undefined && it.totp?.secret === totp.secret),
  );
  if (twin) throw new UsageError(`This is enrolled already, as ${twin.name}. Remove that approver first, or enrol another passkey.`);
}
