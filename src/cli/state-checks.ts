/** What `doctor` says of the policy, the state folder and the people who may approve. Makes nothing. */
import { existsSync, readFileSync } from 'node:fs';
import type { Settings } from '../config/load.ts';
import { UsageError } from '../errors.ts';
import { clean } from '../lib/text.ts';
import type { Policy } from '../policy/policy.ts';
import { createApprovers } from '../store/approvers.ts';
import { BadState, decodeState } from '../store/encode.ts';
import { openFolder, type Folder } from '../store/folder.ts';
import { standingOf } from '../store/standing.ts';
import type { Check } from './checks.ts';
import { readPolicy } from './policy-source.ts';
import { enrollCommand } from './this-command.ts';

type Needed = Pick<Settings, 'preset' | 'policy' | 'recoveryDelivery' | 'origins' | 'stateDir' | 'pagePort'>;

export interface StateFindings {
  readonly checks: readonly Check[];
  /** Undefined where it cannot be used. */
  readonly policy: Policy | undefined;
}

export async function checkState(settings: Needed): Promise<StateFindings> {
  const { check, policy } = await checkPolicy(settings);
  const { stateDir } = settings;
  const enrol = enrollCommand(settings);
  const page = await pageCheck(settings);
  if (!existsSync(stateDir)) {
    const none: Check = { name: 'state', status: 'ok', says: `The state folder ${stateDir} will be made at the first start.` };
    return { policy, checks: [check, none, ...page, nobody(enrol)] };
  }
  try {
    const folder = openFolder(stateDir);
    const approvers = await createApprovers(folder, { now: Date.now }).list();
    const state: Check = { name: 'state', ...stateOf(folder) };
    const frozen = frozenCheck(folder.file('frozen'));
    return { policy, checks: [check, state, ...frozen, ...page, approversCheck(approvers, { enrol, policy })] };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { policy, checks: [check, { name: 'state', status: 'failed', says: error.message }] };
  }
}

/** What a server would say at its start, without starting one. */
function stateOf({ path, file, key }: Folder): Omit<Check, 'name'> {
  const plans = file('state.json');
  try {
    if (existsSync(plans)) decodeState(readFileSync(plans, 'utf8'), key('state'));
    return { status: 'ok', says: `The state folder is ${path}. Whether its ledger is whole, audit verify tells.` };
  } catch (error) {
    const because = error instanceof BadState ? error.message : 'it cannot be read';
    return { status: 'failed', says: `${plans} cannot be used: ${because}. No server starts with it: look into why, then move it away.` };
  }
}

const NO_PAGE =
  'In a container the approvals page is not opened, since no browser outside would get in: calls that need it are refused, and enrolling a passkey, too. ' +
  'Run the server outside of it; or, where your editor forwards loopback ports into the container, name one with --page-port (KRATOS_MCP_PAGE_PORT).';

async function pageCheck({ pagePort }: Needed): Promise<Check[]> {
  const { isContainer } = await import('../page/page.ts');
  return pagePort === 0 && isContainer() ? [{ name: 'page', status: 'warning', says: NO_PAGE }] : [];
}

const WHY_CAP = 300;

/** The file says since when, by whom and why, where the command froze it; a file that was made by hand may be empty. */
function frozenCheck(path: string): Check[] {
  if (!existsSync(path)) return [];
  let why = '';
  try {
    why = clean(readFileSync(path, 'utf8'), WHY_CAP).text.trim();
  } catch {
    // that it is there is what counts
  }
  const says = `All changes are frozen${why === '' ? '' : ` (${why})`}. An approver ends that, on the approvals page or with thaw.`;
  return [{ name: 'frozen', status: 'warning', says }];
}

async function checkPolicy(settings: Needed): Promise<{ check: Check; policy: Policy | undefined }> {
  try {
    const policy = await readPolicy(settings);
    return {
      policy,
      check: {
        name: 'policy',
        status: 'ok',
        says: `In force at the next start: ${policy.name}${settings.policy === undefined ? '' : `, ${policy.rules.length} rules`}.`,
      },
    };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const says = `${error.message} No server starts with it; one that runs keeps the last good one.`;
    return { policy: undefined, check: { name: 'policy', status: 'failed', says } };
  }
}

const nobody = (enrol: string): Check => ({
  name: 'approvers',
  status: 'warning',
  says: `Nobody may approve yet: calls that need the approvals page are refused. Enrol a person with: ${enrol}`,
});

function approversCheck(
  approvers: Awaited<ReturnType<ReturnType<typeof createApprovers>['list']>>,
  { enrol, policy }: { readonly enrol: string; readonly policy: Policy | undefined },
): Check {
  if (approvers.length === 0) return nobody(enrol);
  const now = Date.now();
  const facts = { planCreated: now, kind: 'approve', waitHours: policy?.approvers.waitHours ?? 24, level: 'L0', now } as const;
  const standings = approvers.map((it) => standingOf(it, facts));
  const counting = standings.filter((it) => it === 'counts').length;
  const from = standings.flatMap((it) => (it !== 'counts' && it.countsFrom !== undefined ? [it.countsFrom] : []));
  const next = from.length === 0 ? '' : `, the next from ${new Date(Math.min(...from)).toISOString().replace(/\.\d+Z$/, 'Z')} on`;
  const codes = approvers.filter((it) => it.method === 'totp').length;
  const weaker = codes === 0 ? '' : ` ${codes} of them by one-time code, which is weaker than a passkey.`;
  return {
    name: 'approvers',
    status: counting === 0 ? 'warning' : 'ok',
    says:
      `Approvers: ${approvers.length}; counting for "approve" by now: ${counting}${next}.${weaker} At level L0 an agent with a shell could enrol itself: ` +
      'it counts only after the waiting time, and the page shows enrolments of the last week.',
  };
}
