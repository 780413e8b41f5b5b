/** The approvals page of this process: opened when it is first needed, on loopback alone. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { addressOf } from './address.ts';
import { listenOnLoopback, type Listening } from './listen.ts';
import { siteListener } from './make-site.ts';
import { pathOf, type Enrolling } from './site.ts';
import { PageUnavailable, type Page, type PagePorts } from './types.ts';

export const createPage = (ports: PagePorts): Page => {
  const { open, close } = createSite(ports);
  return { addressOf: async (plan) => `${await open()}${pathOf(plan)}`, close };
};

export interface OpenSite {
  /** Opens it when first called: its origin. Throws `PageUnavailable`. */
  readonly open: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** The same with a place where an approver is enrolled; for the command line. */
export function createSite(ports: PagePorts, enrolling?: Enrolling): OpenSite {
  let opening: Promise<Listening> | undefined;
  let closed = false;

  async function listening(): Promise<Listening> {
    if (closed) throw new PageUnavailable('The approvals page is closed: this server is ending.');
    opening ??= started(ports, enrolling).catch((error: unknown) => {
      opening = undefined; // what was in the way may be gone the next time
      throw error;
    });
    return opening;
  }

  return {
    open: async () => originOf((await listening()).port),
    async close() {
      closed = true;
      const open = await opening?.catch(() => undefined);
      await open?.close();
    },
  };
}

async function started(ports: PagePorts, enrolling: Enrolling | undefined): Promise<Listening> {
  if (ports.port === 0 && (ports.inContainer ?? isContainer)()) throw new PageUnavailable(IN_CONTAINER);
  let routes: RequestListener | undefined;
  const listening = await listenOnLoopback(ports.port, (request, response) => routes?.(request, response));
  const address = addressOf(originOf(listening.port));
  routes = siteListener(ports, { address, key: randomBytes(32), isMounted: false, enrolling });
  return listening;
}

/** As browsers write it: a relying party's id can't be an address, and 80 goes without saying. */
const originOf = (port: number): string => (port === 80 ? 'http://localhost' : `http://localhost:${port}`);

export const isContainer = (): boolean => existsSync('/.dockerenv') || existsSync('/run/.containerenv');

const IN_CONTAINER =
  'In a container over stdio there is no approvals page: it listens on loopback only, where no browser outside gets in, and publishing a port does not change that. ' +
  'Run this server outside of a container, or serve over HTTP from it (--http), which has the page at /approvals. Where your editor forwards loopback ports into the container (dev containers), name one with --page-port (KRATOS_MCP_PAGE_PORT).';
