/** What every route of one open page stands on. */
import { html } from './html.ts';
import type { Reply, Visit } from './http.ts';
import type { Approver } from '../store/types.ts';
import type { Address } from './address.ts';
import type { Errands } from './errands.ts';
import type { Login } from './login-types.ts';
import type { Proofs } from './proof.ts';
import type { Session, Sessions } from './sessions.ts';
import type { Purpose, Redeemed, Tokens, View } from './tokens.ts';
import type { PagePorts } from './types.ts';
import { message, type Enrolment } from './views/layout.ts';

export type SitePorts = Omit<PagePorts, 'port' | 'inContainer'>;

export interface Site {
  readonly ports: SitePorts;
  readonly address: Address;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly proofs: Proofs;
  /** Where approvers sign in with a provider; enrolled ones don't count then. */
  readonly login: Login | undefined;
  /** Logins under way. */
  readonly errands: Errands;
  /** Whether it is a part of the HTTP server, where requesters are told apart; else a page of its own on loopback. */
  readonly isMounted: boolean;
  /** Where the command line lets somebody in. */
  readonly enrolling?: Enrolling | undefined;
}

/** A new approver's passkey, awaited by the command line. */
export interface Enrolling {
  /** 128 bits in the address: whoever has it was given it in the terminal. */
  readonly secret: string;
  readonly name: string;
  readonly user: string;
  /** False once it is over: the address is worth nothing any more. */
  readonly isOpen: () => boolean;
  /** Takes the passkey and answers what the person is told. Throws `UsageError` where it can't be taken. */
  readonly take: (passkey: NonNullable<Approver['passkey']>) => Promise<string>;
}

/** A visit whose browser has a name: the one it came with, or a new one that the answer sets. */
export interface Known extends Visit {
  readonly browser: string;
  /** Who has signed in with it. */
  readonly session: Session | undefined;
}
export type Route = (site: Site, visit: Known) => Promise<Reply>;

export const page = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Reply => ({ status, body, headers });
export const seeOther = (path: string, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status: 303,
  body: '',
  headers: { ...headers, Location: path },
});

export const notFound = (): Reply =>
  page(404, message('Not here', 'There is no such request, or it is long over. Nothing was changed by opening this address.'));

const MIN_READ_MS = 1_500;
const SAID: Readonly<Record<'bad' | 'old' | 'used' | 'early', { readonly status: number; readonly text: string }>> = {
  bad: {
    status: 403,
    text: 'This answer did not come from a page that was served to this browser. Nothing was decided; here is a fresh one.',
  },
  old: { status: 403, text: 'The page stood open for too long. Nothing was decided; here is a fresh one.' },
  used: { status: 409, text: 'This answer was sent before. Here is how things stand.' },
  early: { status: 425, text: 'That was too quick to have been read. Nothing was decided; please read and answer again.' },
};
export interface Unfit {
  readonly status: number;
  readonly text: string;
}

/** The form's token, taken once. `deciding`: an answer that is faster than anybody reads does not count. */
export async function redeem(
  { tokens }: Site,
  { browser, form }: Known,
  { purpose, subject, deciding }: { readonly purpose: Purpose; readonly subject: string; readonly deciding: boolean },
): Promise<Unfit | Extract<Redeemed, { kind: 'ok' }>> {
  const redeemed = await tokens.redeem(form.get('token') ?? '', { purpose, subject, browser });
  if (redeemed.kind !== 'ok') return SAID[redeemed.kind];
  return deciding && redeemed.ageMs < MIN_READ_MS ? SAID.early : redeemed;
}
export const isUnfit = (it: object): it is Unfit => 'status' in it;

export const viewOf = (
  { tokens }: Site,
  { browser }: Known,
  { purpose, subject = '' }: { readonly purpose: Purpose; readonly subject?: string },
): View => tokens.mint({ purpose, subject, browser });

const WEEK_MS = 7 * 24 * 3_600_000;
/** Undefined where nobody is enrolled who could count. */
export async function enrolmentsOf({ ports, login }: Site): Promise<readonly Enrolment[] | undefined> {
  if (login !== undefined) return undefined;
  const since = ports.now() - WEEK_MS;
  return (await ports.approvers.enrolments()).filter((it) => it.at > since || (it.removedAt ?? 0) > since);
}

export const FRONT = '/approvals';
export const pathOf = (plan: string): string => `${FRONT}/${plan}`;

/** The ledger could not be written: nothing was decided, since nobody could prove it. */
export const unrecorded = (): Reply =>
  page(
    503,
    message(
      'Not recorded',
      'The audit ledger could not be written, so this does not count. Nothing was decided.',
      html`<p><a href="/approvals">All requests</a></p>`,
    ),
  );
