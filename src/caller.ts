/** Who calls: on stdio the user of this machine, over HTTP who the access token names. Nothing of it comes from the MCP client itself. */

/** One per effect; a call needs those of all its effects. */
export const SCOPES = [
  'kratos:read',
  'kratos:write',
  'kratos:privilege',
  'kratos:takeover',
  'kratos:destructive',
  'kratos:mass',
  /** The help desk's: all reads, and what is destructive within the toolset `sessions`. */
  'kratos:sessions',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Of a token that was checked, as its issuer wrote them. */
export type Claims = Readonly<Record<string, unknown>>;

export interface Caller {
  /** `os:<uid>:<name>`, `<iss>|<sub>|<client_id>|<kind of token>`, `static|<id>`, or `local` (loopback without authentication): plans, budgets and records belong to it. */
  readonly principal: string;
  /** For people; may hold words of others, so it is cleaned before it is shown. */
  readonly name: string;
  /** Which person this is, in the spelling in which an approver is one, too; undefined where that can't be known. */
  readonly person: string | undefined;
  /** Undefined: no scopes apply (stdio, and loopback without authentication). */
  readonly scopes: ReadonlySet<string> | undefined;
  /** Whether the client can get a token with more scopes: a static one never has more. */
  readonly canStepUp: boolean;
  /** For the rules of a policy. */
  readonly claims: Claims;
  /** When the token ends, milliseconds since 1970; undefined: never. */
  readonly expiresAt: number | undefined;
}

/** Nobody but the user of this machine reaches stdin. */
export const localCaller = (principal: string): Caller => ({
  principal,
  name: principal,
  person: undefined,
  scopes: undefined,
  canStepUp: false,
  claims: {},
  expiresAt: undefined,
});
