/** The whole server on a fresh built-in Kratos, wired as the program wires it, with everything that goes over the wire written down. */
import { assemble, type Choices } from '../../src/cli/assemble.ts';
import type { Send, WireRequest } from '../../src/client/types.ts';
import { createLog } from '../../src/lib/log.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { Peer, type PeerOptions } from './peer.ts';

export interface HarnessOptions extends Partial<Choices> {
  readonly formMs?: number;
  /** Put between the server and the sandbox. */
  readonly through?: (send: Send) => Send;
  readonly sandbox?: Sandbox;
  readonly principal?: string;
}

export interface Harness {
  readonly sandbox: Sandbox;
  /** What the server sent, in order. */
  readonly wire: WireRequest[];
  readonly writes: () => WireRequest[];
  readonly logs: string[];
  /** Moves the server's clock. */
  readonly advance: (ms: number) => void;
  readonly open: (options: PeerOptions) => Promise<Peer>;
}

const DEFAULTS: Choices = {
  preset: 'standard',
  recoveryDelivery: 'withhold',
  defaultSchema: 'default',
  maxResultTokens: 10_000,
  callTimeoutMs: 5_000,
};

export function harness({
  formMs = 5_000,
  through = (it) => it,
  sandbox = createSandbox(),
  principal = 'os:1000:tester',
  ...choices
}: HarnessOptions = {}): Harness {
  const wire: WireRequest[] = [];
  const logs: string[] = [];
  let moved = 0;
  const recorded: Send = (request) => {
    wire.push(request);
    return sandbox.send(request);
  };
  const build = assemble(
    { ...DEFAULTS, ...choices },
    {
      send: through(recorded),
      kratosUrl: 'the built-in sandbox',
      publicUrl: 'http://sandbox.invalid',
      network: false,
      principal,
      log: createLog({ level: 'debug', write: (line) => logs.push(line), now: () => new Date() }),
      now: () => performance.now() + moved,
      formMs,
    },
  );
  return {
    sandbox,
    wire,
    writes: () => wire.filter((it) => it.method !== 'GET'),
    logs,
    advance: (ms) => {
      moved += ms;
    },
    open: (options) => Peer.open(build, options),
  };
}
