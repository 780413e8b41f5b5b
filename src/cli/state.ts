/** What a run keeps in its state folder, opened: store, approvers, ledger; and the page, which is opened when first needed. */
import { randomBytes } from 'node:crypto';
import { PAGE_WAIT_MS, type PageChannel } from '../approval/settled.ts';
import type { Ledger } from '../audit/record.ts';
import { openLedger } from '../audit/ledger.ts';
import type { Settings } from '../config/load.ts';
import type { Log } from '../lib/log.ts';
import type { Page, PagePorts } from '../page/types.ts';
import { createApprovers } from '../store/approvers.ts';
import { openFolder } from '../store/folder.ts';
import { createKept } from '../store/kept.ts';
import { createReveals } from '../store/reveals.ts';
import { openFileStore } from '../store/store.ts';
import type { Kept, Reveals, Store } from '../store/types.ts';
import { enrollCommand } from './this-command.ts';

export interface State {
  readonly sealKey: Uint8Array;
  readonly store: Store;
  readonly kept: Kept;
  readonly reveals: Reveals;
  readonly ledger: Ledger;
  readonly page: PageChannel;
  readonly close: () => Promise<void>;
}

export interface StatePorts {
  readonly settings: Pick<Settings, 'stateDir' | 'policy' | 'pagePort' | 'origins'>;
  readonly kratosUrl: string;
  readonly policy: PagePorts['policy'];
  readonly log: Log;
}

const SWEEP_MS = 60_000;
const LEVEL = 'L0'; // stdio: the agent runs as the same user

/** Throws `UsageError` where the folder, or something in it, cannot be trusted or used. */
export async function openState({ settings, kratosUrl, policy, log }: StatePorts): Promise<State> {
  const folder = openFolder(settings.stateDir);
  const now = () => Date.now();
  const instance = randomBytes(8).toString('hex');
  const approvers = createApprovers(folder, { now });
  await approvers.list(); // a file that was edited by hand stops the start
  const store = await openFileStore(folder, { now, randomId: () => randomBytes(16).toString('base64url'), instance });
  const ledger = await openLedger({ folder, kratosUrl, level: LEVEL, instance, now, log });
  const kept = createKept(now);
  const reveals = createReveals(kept, now);
  let opened: Promise<Page> | undefined;
  const open = async (): Promise<Page> => {
    const { createPage } = await import('../page/page.ts');
    const port = settings.pagePort;
    const failed = () => log.error('the approvals page failed to answer');
    return createPage({ port, store, approvers, kept, reveals, ledger, environment: kratosUrl, level: LEVEL, policy, now, failed });
  };
  const page: PageChannel = {
    addressOf: async (plan) => (await (opened ??= open())).addressOf(plan),
    approvers: () => approvers.list(),
    level: LEVEL,
    enrol: enrollCommand(settings),
    waitMs: PAGE_WAIT_MS,
  };
  // What a person read of a question that lapsed does not stay on disk.
  const sweep = () =>
    store.plans.list().then(
      () => {},
      () => {},
    );
  const sweeping = setInterval(() => void sweep(), SWEEP_MS).unref();
  return {
    sealKey: folder.key('seal'),
    store,
    kept,
    reveals,
    ledger,
    page,
    async close() {
      await (await opened)?.close();
      clearInterval(sweeping);
      await sweep();
      await ledger.close();
      await store.close();
    },
  };
}
