/** The whole server on a fresh built-in Kratos, wired as the program wires it, with everything that goes over the wire written down. */
import { randomBytes } from 'node:crypto';
import type { McpServerFactory } from '@modelcontextprotocol/server';
import { createMemoryLedger } from '../../src/audit/memory.ts';
import { assemble, type Choices, type Outside } from '../../src/cli/assemble.ts';
import { localCaller } from '../../src/caller.ts';
import type { Send, WireRequest } from '../../src/client/types.ts';
import { createLog } from '../../src/lib/log.ts';
import type { Limits, Policy } from '../../src/policy/policy.ts';
import { presetPolicy } from '../../src/policy/preset-policy.ts';
import type { PresetName } from '../../src/policy/presets.ts';
import { callerOf } from '../../src/server/http/caller-of.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { createKept } from '../../src/store/kept.ts';
import { createReveals } from '../../src/store/reveals.ts';
import { createMemoryStore } from '../../src/store/store.ts';
import type { Approver, Store } from '../../src/store/types.ts';
import { Peer, type PeerOptions } from './peer.ts';

export interface HarnessOptions extends Partial<Choices> {
  readonly preset?: PresetName;
  /** In place of the preset's. */
  readonly policy?: Policy;
  readonly limits?: Partial<Limits>;
  readonly approvers?: readonly Approver[];
  /** How long a call waits for the page. */
  readonly pageMs?: number;
  readonly formMs?: number;
  /** Put between the server and the sandbox. */
  readonly through?: (send: Send) => Send;
  readonly sandbox?: Sandbox;
  readonly store?: Store;
  readonly principal?: string;
  /** In place of what is wired here. */
  readonly outside?: Partial<Outside>;
}

export interface Harness {
  readonly sandbox: Sandbox;
  readonly store: Store;
  readonly ledger: ReturnType<typeof createMemoryLedger>;
  readonly reveals: ReturnType<typeof createReveals>;
  /** What the server sent, in order. */
  readonly wire: WireRequest[];
  readonly writes: () => WireRequest[];
  readonly logs: string[];
  /** Moves the server's clock. */
  readonly advance: (ms: number) => void;
  readonly now: () => number;
  readonly open: (options: PeerOptions) => Promise<Peer>;
  /** For another transport than stdio. */
  readonly build: McpServerFactory;
}

/** Left as it is: stdio. A suite that runs again over another transport sets it before its tests are made. */
export const transport: { open?: (build: McpServerFactory, options: PeerOptions) => Promise<Peer> } = {};

const DEFAULTS: Choices = {
  recoveryDelivery: 'withhold',
  defaultSchema: 'default',
  maxResultTokens: 10_000,
  callTimeoutMs: 5_000,
};

/** Somebody who has been an approver for long. */
export const APPROVER: Approver = {
  id: 'approver-1',
  name: 'Olga Operator',
  method: 'totp',
  enrolledAt: Date.parse('2020-01-01'),
  enrolledBy: undefined,
  totp: { secret: 'JBSWY3DPEHPK3PXP' },
};
export const APPROVER_2: Approver = { ...APPROVER, id: 'approver-2', name: 'Otto Operator' };

export function harness({
  preset = 'standard',
  limits,
  approvers = [],
  pageMs = 300,
  formMs = 5_000,
  through = (it) => it,
  sandbox = createSandbox(),
  principal = 'os:1000:tester',
  outside = {},
  ...choices
}: HarnessOptions = {}): Harness {
  const wire: WireRequest[] = [];
  const logs: string[] = [];
  let moved = 0;
  const now = () => Date.now() + moved;
  const recorded: Send = (request) => {
    wire.push(request);
    return sandbox.send(request);
  };
  const given = choices.policy ?? presetPolicy(preset);
  const policy: Policy = { ...given, limits: { ...given.limits, ...limits } };
  const store = choices.store ?? createMemoryStore({ now, randomId: () => randomBytes(16).toString('base64url'), instance: 'test' });
  const ledger = createMemoryLedger();
  const kept = createKept(now);
  const reveals = createReveals(kept, now);
  const build = assemble(
    { ...DEFAULTS, ...choices },
    {
      send: through(recorded),
      kratosUrl: 'the built-in sandbox',
      publicUrl: 'http://sandbox.invalid',
      network: false,
      policy: () => policy,
      callerOf: (auth) => (auth === undefined ? localCaller(principal) : callerOf(auth)),
      sealKey: randomBytes(32),
      store,
      kept,
      reveals,
      ledger,
      page: {
        addressOf: async (plan) => `http://localhost:1/approvals/${plan}`,
        approvers: async () => approvers,
        level: 'L0',
        enrol: 'ory-identity-mcp approver enroll',
        waitMs: pageMs,
      },
      log: createLog({ level: 'debug', write: (line) => logs.push(line), now: () => new Date() }),
      now,
      formMs,
      ...outside,
    },
  );
  return {
    sandbox,
    store,
    ledger,
    reveals,
    wire,
    writes: () => wire.filter((it) => it.method !== 'GET'),
    logs,
    now,
    advance: (ms) => {
      moved += ms;
    },
    open: (options) => transport.open?.(build, options) ?? Peer.open(build, options),
    build,
  };
}
