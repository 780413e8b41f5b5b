/** One page from its parts, on whatever it is served. */
import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { Address } from './address.ts';
import { createErrands } from './errands.ts';
import { listener } from './http.ts';
import type { Login } from './login-types.ts';
import { createProofs } from './proof.ts';
import { routesOf } from './router.ts';
import { createSessions } from './sessions.ts';
import { createShelf } from './shelf.ts';
import type { Enrolling, SitePorts } from './site.ts';
import { createTokens } from './tokens.ts';

export interface SiteOptions {
  readonly address: Address;
  /** Of the page's forms and names: the same for all replicas. */
  readonly key: Uint8Array;
  readonly isMounted: boolean;
  readonly login?: Login | undefined;
  readonly enrolling?: Enrolling | undefined;
}

const randomId = (): string => randomBytes(16).toString('base64url');

export function siteListener(ports: SitePorts, { address, key, isMounted, login, enrolling }: SiteOptions): RequestListener {
  const { now, kept } = ports;
  const shelf = createShelf({ kept, key, now });
  const routes = routesOf({
    ports,
    address,
    tokens: createTokens({ key, now, randomId, shelf }),
    sessions: createSessions({ shelf, randomId }),
    proofs: createProofs({ ...ports, origin: address.origin }),
    errands: createErrands(shelf),
    login,
    isMounted,
    enrolling,
  });
  return listener(address, routes, () => ports.failed?.());
}
