/** Whether an approver is there: a passkey's signature over this very challenge, or a one-time code. */
import { challengeOf } from '../audit/challenge.ts';
import type { Assertion, Ledger } from '../audit/record.ts';
import { createLocks } from '../lib/mutex.ts';
import type { Approver, Approvers } from '../store/types.ts';
import { signedBy } from './passkey.ts';
import type { Session } from './sessions.ts';
import { stepOf } from './totp.ts';

export interface Proof {
  readonly by: Session;
  readonly method: 'passkey' | 'totp' | 'oidc';
  readonly assertion?: Assertion;
}
export type Proven =
  | { readonly kind: 'proven'; readonly proof: Proof; readonly approver: Approver }
  | { readonly kind: 'refused'; readonly because: string };

export interface Given {
  readonly form: ReadonlyMap<string, string>;
  /** What the passkey signs, together with the view's nonce: a plan's digest, or `subjectOf` something else. */
  readonly digest: string;
  readonly nonce: string;
  /** Since the page was served. */
  readonly ageMs: number;
  /** For the record of a failure. */
  readonly plan?: string;
}
export type Proofs = (given: Given) => Promise<Proven>;

export interface ProofPorts {
  readonly approvers: Approvers;
  readonly ledger: Ledger;
  readonly now: () => number;
  readonly origin: string;
}

/** What is signed where it is not a plan that is agreed to; stands as the digest in the record of it. No plan's digest has a blank in it. */
export const subjectOf = (purpose: 'sign-in' | 'unlock' | 'thaw' | 'reveal', subject = ''): string => `${purpose} ${subject}`;

const sessionOf = ({ id, name }: Approver): Session => ({ id, name });

const CHALLENGE_MS = 5 * 60_000;
const refused = (because: string): Proven => ({ kind: 'refused', because });
const NONE = refused('Neither a passkey nor a one-time code came with the answer. A passkey needs the script of this page to run.');
const OLD = refused('The page stood open for more than five minutes. Please answer again.');
const WRONG_PASSKEY = refused('That passkey does not belong to an approver here, or did not verify you.');
const WRONG_CODE = refused('That code is not valid now, or was used before. Each code counts once; wait for the next one.');
const TOO_MANY = refused('Too many codes were wrong. Wait fifteen minutes (a day, if they were twenty), or use a passkey.');

export function createProofs(ports: ProofPorts): Proofs {
  const { approvers, ledger, now, origin } = ports;
  const locks = createLocks(); // one try after another, so that many at once are not more than the limit

  const failed = (
    method: 'passkey' | 'totp',
    because: Proven,
    { plan, approver }: { plan: string | undefined; approver?: string },
  ): Proven => {
    ledger.note({ event: 'failed_sign_in', method, plan_id: plan, ...(approver !== undefined && { approvers: [approver] }) });
    return because;
  };

  async function byPasskey(text: string, { digest, nonce, ageMs, plan }: Given): Promise<Proven> {
    if (ageMs > CHALLENGE_MS) return OLD;
    const challenge = challengeOf(digest, nonce);
    const signed = await signedBy(text, await approvers.list(), { challenge, origin });
    if (signed === undefined) return failed('passkey', WRONG_PASSKEY, { plan });
    const { approver, counter, assertion } = signed;
    await approvers.counted(approver.id, counter);
    return { kind: 'proven', approver, proof: { by: sessionOf(approver), method: 'passkey', assertion: { ...assertion, nonce } } };
  }

  async function byCode(code: string, { form, plan }: Given): Promise<Proven> {
    const id = form.get('approver');
    const approver = (await approvers.list()).find((it) => it.totp !== undefined && it.id === id);
    if (approver?.totp === undefined) return failed('totp', WRONG_CODE, { plan });
    if (!(await approvers.mayTry(approver.id))) return failed('totp', TOO_MANY, { plan, approver: approver.id });
    const step = await stepOf(code, approver.totp.secret, now());
    if (step !== undefined && (await approvers.useCode(approver.id, step)))
      return { kind: 'proven', approver, proof: { by: sessionOf(approver), method: 'totp' } };
    await approvers.failed(approver.id);
    return failed('totp', WRONG_CODE, { plan, approver: approver.id });
  }

  return async (given) => {
    const [passkey = '', code = ''] = [given.form.get('passkey'), given.form.get('otp')];
    if (passkey !== '') return locks.run(['passkey'], () => byPasskey(passkey, given));
    if (code !== '') return locks.run(['totp'], () => byCode(code, given));
    return NONE;
  };
}
