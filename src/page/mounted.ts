/** The approvals page as a part of the HTTP server: it opens no port, and any replica answers any of its requests. */
import type { RequestListener } from 'node:http';
import type { Approver, Approvers } from '../store/types.ts';
import { addressOf } from './address.ts';
import { plain, write } from './http.ts';
import type { Login } from './login-types.ts';
import { siteListener } from './make-site.ts';
import { pathOf, type SitePorts } from './site.ts';
import { PageUnavailable } from './types.ts';

export interface MountedOptions {
  /** As browsers reach it: `https://identity-mcp.example.com`, or `http://localhost:PORT`. */
  readonly origin: string;
  /** 32 bytes or more; the same for all replicas, which share `ports.kept` and `ports.store`, too. */
  readonly key: Uint8Array;
  /** Undefined: enrolled approvers, as on stdio. */
  readonly login?: Login | undefined;
}

export interface MountedPage {
  readonly addressOf: (plan: string) => Promise<string>;
  /** Those enrolled ones who can answer here. Throws where their file's seal does not fit. */
  readonly approvers: () => Promise<readonly Approver[]>;
  /** For `/approvals` and all below it, unread. */
  readonly listener: RequestListener;
  /** What still comes is refused. */
  readonly close: () => void;
}

/** Where the provider sends browsers back to: registered there, and `redirectUri` of the login. */
export const callbackOf = (origin: string): string => `${origin}/approvals/callback`;

/** Throws `UsageError` for an origin where a browser keeps no cookie safe. */
export function createMountedPage(ports: SitePorts, { origin, key, login }: MountedOptions): MountedPage {
  const address = addressOf(origin);
  const approvers = address.isLocalhost ? ports.approvers : withoutPasskeys(ports.approvers);
  const answers = siteListener({ ...ports, approvers }, { address, key, login, isMounted: true });
  let closed = false;
  return {
    async addressOf(plan) {
      if (closed) throw new PageUnavailable('The approvals page is closed: this server is ending.');
      return `${origin}${pathOf(plan)}`;
    },
    approvers: () => approvers.list(),
    listener: (request, response) => (closed ? write(response, plain(503, ENDING)) : answers(request, response)),
    close() {
      closed = true;
    },
  };
}

const ENDING = 'This server is ending. Nothing was decided by this request.';

/** They were enrolled for the name localhost, and a browser offers them nowhere else. */
const withoutPasskeys = (approvers: Approvers): Approvers => ({
  ...approvers,
  list: async () =>
    (await approvers.list()).flatMap(({ id, name, enrolledAt, enrolledBy, totp }) =>
      totp === undefined ? [] : [{ id, name, enrolledAt, enrolledBy, totp, method: 'totp' as const }],
    ),
});
