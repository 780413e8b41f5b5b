/** The approvals page as a part of the HTTP server: who answers there, and how the gate reaches it. */
import type { RequestListener } from 'node:http';
import { PAGE_WAIT_MS, type PageChannel } from '../approval/settled.ts';
import type { CustomFetch } from 'openid-client';
import type { HttpConfig } from '../config/http.ts';
import type { Settings } from '../config/load.ts';
import type { Log } from '../lib/log.ts';
import { addressOf } from '../page/address.ts';
import type { Login } from '../page/login-types.ts';
import { callbackOf, createMountedPage } from '../page/mounted.ts';
import { createNotify } from '../page/notify.ts';
import type { PagePorts } from '../page/types.ts';
import { createApprovers } from '../store/approvers.ts';
import type { Folder } from '../store/folder.ts';
import { enrollCommand } from './this-command.ts';

export interface Approvals {
  readonly channel: PageChannel;
  readonly listener: RequestListener;
  readonly close: () => Promise<void>;
}

export interface ApprovalParts {
  readonly config: HttpConfig;
  readonly origin: string;
  readonly ports: Omit<PagePorts, 'port' | 'approvers'>;
  readonly folder: Folder;
  /** The same for all replicas. */
  readonly key: Uint8Array;
  readonly log: Log;
  /** In place of the runtime's, where a proxy stands between. */
  readonly fetch: typeof fetch | undefined;
}

const NOTIFY_GRACE_MS = 3_000;

export async function approvalsOf(
  settings: Settings,
  { config, origin, ports, folder, key, log, fetch }: ApprovalParts,
): Promise<Approvals> {
  const approvers = createApprovers(folder, { now: ports.now });
  await approvers.list(); // a file that was edited by hand stops the start
  const login = config.login && (await loginOf(config.login, { origin, log, now: ports.now, fetch }));
  const failed = () => log.error('the approvals page failed to answer');
  const page = createMountedPage({ ...ports, approvers, failed }, { origin, key, login });
  const notify = config.notify && createNotify(config.notify, { log, now: ports.now, ...(fetch && { fetch }) });
  return {
    channel: {
      addressOf: page.addressOf,
      approvers: page.approvers,
      isMounted: true,
      signIn: login !== undefined,
      level: config.level,
      enrol: enrolOf(settings, origin),
      waitMs: PAGE_WAIT_MS,
      ...(notify && { asked: (plan, link) => notify.asked(plan, link) }),
    },
    listener: page.listener,
    async close() {
      page.close();
      await notify?.close(NOTIFY_GRACE_MS);
    },
  };
}

/** Who calls from elsewhere is not told how this machine is laid out; and a passkey would be good for localhost alone. */
const enrolOf = (settings: Settings, origin: string): string =>
  addressOf(origin).isLocalhost
    ? enrollCommand(settings)
    : 'ory-identity-mcp approver enroll --totp (with the --state-dir and --policy that the server has)';

type LoginParts = Pick<ApprovalParts, 'origin' | 'log' | 'fetch'> & Pick<PagePorts, 'now'>;

async function loginOf(config: NonNullable<HttpConfig['login']>, { origin, log, now, fetch }: LoginParts): Promise<Login> {
  const { createLogin } = await import('../page/login.ts');
  return createLogin({ ...config, redirectUri: callbackOf(origin), ...(fetch && { fetch: fetch as CustomFetch }) }, { log, now });
}
