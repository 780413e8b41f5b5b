/** What one client, address or principal can take of this server. */
export interface Limits {
  /** From the connection, or the first byte of a request, to the end of its head. */
  readonly headersMs: number;
  /** To the end of its body. It does not concern the answer: a person may take minutes. */
  readonly requestMs: number;
  readonly keepAliveMs: number;
  /** How often the two above are looked at. */
  readonly checkMs: number;
  /** How long somebody may take nothing of an answer that is ready. */
  readonly stallMs: number;
  readonly requestsPerSocket: number;
  readonly connections: number;
  /** Of one address that is neither loopback nor a trusted proxy; behind such a proxy, the requests under way for one address. */
  readonly connectionsPerAddress: number;
  readonly bodyBytes: number;
  /** Of a whole message; what stands in a tool's arguments has its own. */
  readonly depth: number;
  /** Half of the connections: nobody can take so many that others get none. A client that makes gated calls side by side stays far below. */
  readonly requestsPerPrincipal: number;
  readonly sessions: number;
  readonly sessionsPerPrincipal: number;
  /** After which a session ends that nothing is open in. */
  readonly sessionIdleMs: number;
  /** After which it makes room for a new one of the same principal. */
  readonly sessionYieldsMs: number;
}

export const LIMITS: Limits = {
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 5_000,
  checkMs: 1_000,
  stallMs: 30_000,
  requestsPerSocket: 1_000,
  connections: 512,
  connectionsPerAddress: 64,
  bodyBytes: 1024 * 1024,
  depth: 64,
  requestsPerPrincipal: 256,
  sessions: 1_000,
  sessionsPerPrincipal: 20,
  sessionIdleMs: 30 * 60_000,
  sessionYieldsMs: 5 * 60_000,
};
