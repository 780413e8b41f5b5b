/** `doctor`: the settings as they were understood, what answers there, and what is missing and what that costs. */
import type { Level } from '../assurance.ts';
import { createKratos } from '../client/kratos.ts';
import { load, type Flags, type Settings } from '../config/load.ts';
import { rows, type Origin } from '../config/settings.ts';
import { VERSION } from '../lib/version.ts';
import type { PresetName } from '../policy/presets.ts';
import { runChecks, type Check } from './checks.ts';
import { checkHttp, type HttpFindings } from './http-checks.ts';
import { print, table, wrap } from './print.ts';
import { checkState, type StateFindings } from './state-checks.ts';
import { openWire, type Wire } from './wire.ts';

interface Shown {
  readonly name: string;
  readonly flag?: string;
  /** Secrets are masked; null where it is not set. */
  readonly value: string | null;
  readonly source: Origin['source'];
  readonly given_by?: string;
}
interface Report {
  readonly ok: boolean;
  readonly version: string;
  readonly level: Level;
  readonly level_means: string;
  /** Which Kratos. */
  readonly works_on: string;
  readonly preset: string;
  /** `preset "standard"`, the file's path, or null for one that cannot be used. */
  readonly policy: string | null;
  readonly recovery_delivery: string;
  readonly settings: readonly Shown[];
  readonly notices: readonly string[];
  readonly checks: readonly Check[];
}

const L0 =
  'the agent runs under the same user as this server. Confused and injected agents without a shell are stopped; one with a shell can read the ' +
  'credential or the state folder, or call the admin port itself, and no code of this server stops it. On production use preset strict or ' +
  'read-only, and let the server run as another user.';

const MEANINGS: Readonly<Record<Level, string>> = {
  L0,
  L1: 'you vouch for it that no agent runs as the user of this server, and that nobody else reaches the admin port. An agent with a shell is stopped then.',
  L2: 'callers and approvers are known by their sign-in. What an agent has on its own machine gets it no further, as long as nobody else reaches the admin port.',
  L3: 'as L2; and you vouch for two approvers for what is worst, checkpoints kept elsewhere, and mutual TLS to Kratos. One malicious insider is stopped then.',
};

/** Over HTTP the page is a part of the server, and who signs in is not enrolled. */
const isOfHttp = (name: Check['name'], { approvalsClientId }: Settings): boolean =>
  name !== 'page' && (name !== 'approvers' || approvalsClientId === undefined);

/** Answers the exit code: 0 if it can work, 1 if not. Throws `UsageError`. */
export async function doctor(flags: Flags, asJson: boolean): Promise<number> {
  const { settings, notices } = load(flags);
  const report = await examine(settings, notices);
  print(asJson ? JSON.stringify(report, null, 2) : asText(report));
  return report.ok ? 0 : 1;
}

async function examine(settings: Settings, notices: readonly string[]): Promise<Report> {
  const state = await checkState(settings);
  const preset = state.policy?.preset ?? settings.preset;
  const { level, checks: ofServing } = await checkServing(settings, state);
  const checks = [...(await checkKratos(settings, preset)), ...ofServing];
  return {
    ok: checks.every(({ status }) => status !== 'failed'),
    version: VERSION,
    level,
    level_means: MEANINGS[level],
    works_on: worksOn(settings),
    preset,
    policy: state.policy?.name ?? null,
    recovery_delivery: state.policy?.recovery?.deliver ?? settings.recoveryDelivery,
    settings: shown(settings),
    notices,
    checks,
  };
}

async function checkServing(settings: Settings, { checks, policy }: StateFindings): Promise<HttpFindings> {
  if (settings.http === undefined) return { level: 'L0', checks };
  const { level, checks: ofHttp } = await checkHttp(settings, policy);
  return { level, checks: [...checks.filter(({ name }) => isOfHttp(name, settings)), ...ofHttp] };
}

async function checkKratos(settings: Settings, preset: PresetName): Promise<Check[]> {
  const wires: Wire[] = [];
  const client = async (as: Settings) => {
    const wire = await openWire(as);
    wires.push(wire);
    const { send, network, publicUrl } = wire;
    return createKratos({ send, network, publicConfigured: publicUrl !== undefined, callTimeoutMs: as.callTimeoutMs });
  };
  try {
    const bare = withoutCredential(settings);
    return await runChecks({ target: settings.target, preset, kratos: await client(settings), stranger: bare && (await client(bare)) });
  } finally {
    await Promise.all(wires.map((it) => it.close()));
  }
}

/** The same settings as somebody else would have them; undefined where there is nothing to leave out. */
function withoutCredential(settings: Settings): Settings | undefined {
  const { target } = settings;
  if (target.kind === 'sandbox' || target.bearer === undefined) return undefined;
  const { bearer: _left, ...rest } = target;
  return { ...settings, target: rest };
}

function shown(settings: Settings): Shown[] {
  return rows.map(([key, row]) => {
    const value = settings[key];
    const { source, name } = settings.origins[key];
    return {
      name: row.env,
      ...(row.flag !== undefined && { flag: `--${row.flag}` }),
      value: value === undefined ? null : row.secret ? '********' : String(value),
      source,
      ...(name !== undefined && { given_by: name }),
    };
  });
}

function worksOn({ target }: Settings): string {
  if (target.kind === 'sandbox') return 'the built-in Kratos';
  const what = target.network ? 'a project on Ory Network (a project API key is set)' : 'a Kratos of your own';
  return `${what}, ${target.adminUrl}`;
}

function asText(report: Report): string {
  const warnings = report.checks.filter(({ status }) => status === 'warning').length;
  const settings = report.settings.filter(({ value }) => value !== null);
  return [
    `ory-identity-mcp ${report.version}`,
    '',
    'Settings (those that are set or have a default)',
    indented(table(settings.map(({ name, value, source, given_by }) => [name, value ?? '', given_by ?? source]))),
    ...report.notices.flatMap((it) => wrap(it, '        ', '  note: ')),
    '',
    `Works on ${report.works_on}.`,
    `Policy: ${policyText(report)}. Recovery codes and links: ${report.recovery_delivery}.`,
    ...wrap(report.level_means, '  ', `Level ${report.level}: `),
    '',
    'Checks',
    ...report.checks.flatMap(({ status, name, says }) => wrap(says, ' '.repeat(22), `  ${status.padEnd(9)}${name.padEnd(11)}`)),
    '',
    report.ok ? `It can work.${warnings === 0 ? '' : ` Warnings: ${warnings}.`}` : 'It cannot work like this: see what failed.',
  ].join('\n');
}

function policyText({ policy, preset }: Report): string {
  if (policy === null) return 'none that can be used';
  return policy === `preset "${preset}"` ? policy : `${policy} (preset ${preset})`;
}

const indented = (text: string): string => text.replace(/^/gm, '  ');
