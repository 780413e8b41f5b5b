/** The sign-in with an OpenID Connect provider, as the page sees it. */
import type { Claims } from '../caller.ts';

export interface Login {
  /** `fresh`: the person has to show who they are again, whatever session there is. Throws `LoginUnavailable`. */
  readonly begin: (options: { readonly fresh: boolean }) => Promise<Begun>;
  /** What the provider sent back, as the query of the address it sent the browser to. Never throws. */
  readonly finish: (query: string, begun: Checks) => Promise<Came>;
}

/** What the answer is checked by; kept on the server, never in the browser. */
export interface Checks {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE (RFC 7636 §4.1). */
  readonly verifier: string;
}
export interface Begun extends Checks {
  /** Where the browser has to go. */
  readonly address: string;
}

export interface Person {
  readonly id: string;
  /** For people; cleaned. */
  readonly name: string;
  readonly claims: Claims;
  /** When they last showed who they are, by the provider's clock: seconds since 1970. */
  readonly authTime: number | undefined;
}
export type Came =
  | { readonly kind: 'person'; readonly person: Person }
  /** A sentence of ours; nothing of the provider's. */
  | { readonly kind: 'refused'; readonly because: string };

/** The provider can't be reached, or does not answer as one. */
export class LoginUnavailable extends Error {
  override readonly name = 'LoginUnavailable';
}
