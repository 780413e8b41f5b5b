/** What the HTTP transport stands on. */
import type { RequestListener } from 'node:http';
import type { McpServerFactory } from '@modelcontextprotocol/server';
import type { Authenticate } from '../../auth/types.ts';
import type { Log } from '../../lib/log.ts';
import type { Meter } from '../../lib/meter.ts';
import type { Limits } from './limits.ts';

export { isChallenge, type Authenticate, type Challenge } from '../../auth/types.ts';

/** Where it listens. `hosts` empty: both loopback addresses (127.0.0.1 and ::1). */
export interface Bind {
  readonly hosts: readonly string[];
  /** 0: any free one. */
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface HttpPorts {
  /** Finds the caller of each request by `callerOf(authInfo)`. */
  readonly build: McpServerFactory;
  readonly bind: Bind;
  /** `host:port` as it must stand in the Host header, exactly; asked when the port is known. */
  readonly hosts: (port: number) => readonly string[];
  /** Origins of web pages that may call `/mcp`, exactly; empty: none. */
  readonly origins: readonly string[];
  /** Undefined: everybody who reaches the port is `local`. */
  readonly authenticate: Authenticate | undefined;
  /** Where a client learns which authorization server issues tokens; stands in challenges. */
  readonly resourceMetadataUrl: string | undefined;
  /** By exact path, readable by everybody (RFC 9728). */
  readonly metadata: Readonly<Record<string, object>>;
  /** Answers `/approvals` and all below it, by its own rules of Host and Origin. */
  readonly approvals: RequestListener | undefined;
  /** Answers `/readyz` and `/metrics` here, to whoever has the token for them; undefined: they are not here. */
  readonly operations: RequestListener | undefined;
  /** CIDRs whose `X-Forwarded-For` counts. */
  readonly trustedProxies: readonly string[];
  /** Failed authentications of one address in a minute, before it has to wait. */
  readonly failuresPerMinute: number;
  readonly log: Log;
  readonly meter: Meter;
  readonly now: () => number;
  /** For tests, which can't wait for the real ones. */
  readonly limits?: Partial<Limits>;
}

export interface HttpServer {
  readonly port: number;
  /** No new requests; those under way end within `graceMs`, then connections are cut. */
  close(graceMs: number): Promise<void>;
}
