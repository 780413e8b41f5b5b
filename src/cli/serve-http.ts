/** Serves MCP over HTTP: reads what the settings name, opens the doors that they allow, and ends without losing what is under way. */
import { randomBytes } from 'node:crypto';
import { openLedger } from '../audit/ledger.ts';
import { httpConfig, type HttpConfig } from '../config/http.ts';
import type { Settings } from '../config/load.ts';
import { createLog, type Log } from '../lib/log.ts';
import { VERSION } from '../lib/version.ts';
import { createMeter } from '../ops/meter.ts';
import { meteredSend } from '../ops/metered-send.ts';
import { meteredStore } from '../ops/metered-store.ts';
import { createTelemetry } from '../ops/telemetry.ts';
import { callerOf } from '../server/http/caller-of.ts';
import { openHttp } from '../server/http/server.ts';
import { openFolder } from '../store/folder.ts';
import { createReveals } from '../store/reveals.ts';
import { operations } from '../tools/index.ts';
import { logContext } from '../trace.ts';
import { assemble } from './assemble.ts';
import { freePort } from './free-port.ts';
import { authentication, authOptions } from './http-auth.ts';
import { operationsOf } from './http-operations.ts';
import { approvalsOf, type Approvals } from './http-page.ts';
import { openPolicy } from './policy-source.ts';
import { proxiedFetch } from './proxied-fetch.ts';
import { reload } from './reload.ts';
import { openStore } from './store-of.ts';
import { openWire, proxyOptions } from './wire.ts';

/** From the signal until what is under way is cut off. */
const DRAIN_MS = 25_000;
const RECONCILE_MS = 30_000;
const SWEEP_MS = 60_000;

/** Resolves with the exit code after SIGTERM or SIGINT. Throws `UsageError` where it must not start. */
export async function serveHttp(settings: Settings, notices: readonly string[]): Promise<number> {
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve()); // `once` would let a second one kill what is under way
  });
  process.stderr.on('error', () => {});
  const lines = new Lines();
  process.on('exit', () => lines.flush());
  const log = createLog({ level: settings.logLevel, write: (line) => lines.add(line), now: () => new Date(), context: logContext });
  process.on('unhandledRejection', () => log.error('unhandled rejection')); // its text may hold what no log may
  const doors = new Doors();
  try {
    const inside = await openInside(settings, { doors, log });
    await openOutside(settings, { inside, doors, notices });
    await signalled;
  } finally {
    await doors.close(); // also of a start that failed half-way: what is open would hold the process
  }
  log.info('ended');
  return 0;
}

/** Log lines of the same turn go out together: a pipe is written to synchronously, and each write costs as much as a part of a call. */
class Lines {
  #waiting = '';

  add(line: string): void {
    if (this.#waiting === '') setImmediate(() => this.flush());
    this.#waiting += line;
  }

  flush(): void {
    if (this.#waiting !== '') process.stderr.write(this.#waiting);
    this.#waiting = '';
  }
}

/** What has to be closed: first what was opened last, each even if another one fails. */
class Doors {
  readonly #open: (() => void | Promise<void>)[] = [];
  /** Answers nothing more: it is going. */
  isClosing = false;

  opened(close: () => void | Promise<void>): void {
    this.#open.unshift(close);
  }

  async close(): Promise<void> {
    this.isClosing = true;
    for (const close of this.#open)
      await Promise.resolve()
        .then(close)
        .catch(() => {});
  }
}

type Inside = Awaited<ReturnType<typeof openInside>>;

/** What the gate stands on; nobody can reach it yet. */
async function openInside(settings: Settings, { doors, log }: { readonly doors: Doors; readonly log: Log }) {
  const config = httpConfig(settings);
  const policy = await openPolicy(settings);
  const measured = await createMeter({ version: VERSION, tools: operations.map((it) => it.name) });
  const telemetry = await createTelemetry(VERSION);
  const meter = telemetry.meter(measured.meter);
  const wire = await openWire(settings);
  doors.opened(wire.close);
  const folder = openFolder(settings.stateDir);
  const instance = randomBytes(8).toString('hex');
  const now = () => Date.now();
  const state = await openStore(settings, { folder, instance, now, log, meter });
  doors.opened(state.close);
  const ledger = await openLedger({ folder, kratosUrl: wire.kratosUrl, level: config.level, instance, now, log });
  doors.opened(() => ledger.close());
  const store = meteredStore(state.store, meter);
  // What lapsed is not kept, and is counted, although nobody looks.
  const sweeping = setInterval(() => void Promise.all([store.plans.list(), store.isFrozen()]).catch(() => {}), SWEEP_MS).unref();
  doors.opened(() => clearInterval(sweeping));
  const { kept } = state;
  return {
    config,
    policy,
    measured,
    telemetry,
    meter,
    wire,
    folder,
    now,
    state,
    ledger,
    store,
    kept,
    reveals: createReveals(kept, now),
    log,
  };
}

interface Opening {
  readonly inside: Inside;
  readonly doors: Doors;
  readonly notices: readonly string[];
}

async function openOutside(settings: Settings, { inside, doors, notices }: Opening): Promise<void> {
  const { config, policy, measured, meter, wire, now, state, ledger, log } = inside;
  const port = config.bind.port === 0 ? await freePort(config.bind.hosts) : config.bind.port;
  const origin = config.origin(port);
  const proxies = proxyOptions(settings.target);
  const page = await pageOf(settings, { inside, origin, fetch: await proxiedFetch(proxies) });
  const isReady = () => {
    if (doors.isClosing) return { ok: false, because: 'draining' };
    if (!ledger.isWell()) return { ok: false, because: 'ledger' };
    return { ok: true, ...(!state.isReady() && { degraded: 'store' }) }; // reads go on
  };
  const health = await operationsOf(config, { ...measured, isReady }, log);
  doors.opened(health.close);
  doors.opened(() => ledger.note({ event: 'ended' }));
  doors.opened(page.close);
  const server = await openHttp({
    build: factoryOf(settings, { inside, page }),
    bind: bindOf(config, port),
    hosts: config.hosts,
    origins: config.origins,
    ...(await authentication(authOptions(config, origin, proxies), { log, meter, now })),
    approvals: page.listener,
    operations: health.listener,
    trustedProxies: config.trustedProxies,
    failuresPerMinute: config.failuresPerMinute,
    log,
    meter,
    now,
  });
  doors.opened(() => server.close(DRAIN_MS));
  const { name, hash } = policy.current();
  tell(config, { log, notices, origin, kratosUrl: wire.kratosUrl, policy: name });
  ledger.note({ event: 'started', policy_hash: hash, rule: name });
  process.on('SIGHUP', () => void reload(policy, { ledger, log }));
}

interface PageParts {
  readonly inside: Inside;
  readonly origin: string;
  readonly fetch: typeof fetch | undefined;
}

const pageOf = (settings: Settings, { inside, origin, fetch }: PageParts): Promise<Approvals> => {
  const { config, store, kept, reveals, ledger, policy, now, wire, folder, state, log } = inside;
  const ports = { store, kept, reveals, ledger, policy: policy.current, now, environment: wire.kratosUrl, level: config.level };
  return approvalsOf(settings, { config, origin, ports, folder, key: state.keys.key('page'), log, fetch });
};

const factoryOf = (settings: Settings, { inside, page }: { readonly inside: Inside; readonly page: Approvals }) => {
  const { config, telemetry, meter, wire, store, kept, reveals, ledger, policy, now, state, log } = inside;
  return assemble(
    { ...settings, changesOff: config.changesOff !== undefined },
    {
      ...wire,
      send: meteredSend(telemetry.send(wire.send), meter),
      around: (tool, work) => telemetry.toolCall(tool, work),
      callerOf,
      policy: policy.current,
      policyNotice: policy.notice,
      sealKey: state.keys.key('seal'),
      olderSealKeys: state.keys.older('seal'),
      store,
      kept,
      reveals,
      ledger,
      shown: state.shown,
      page: page.channel,
      log,
      now,
      meter,
      reconcileEveryMs: RECONCILE_MS,
    },
  );
};

const bindOf = ({ bind: { hosts, tls } }: HttpConfig, port: number) => ({
  hosts,
  port,
  ...(tls && { tls: { cert: tls.cert, key: tls.key.reveal() } }),
});

interface Told {
  readonly log: Log;
  readonly notices: readonly string[];
  readonly origin: string;
  readonly kratosUrl: string;
  readonly policy: string;
}

function tell(config: HttpConfig, { log, notices, origin, kratosUrl, policy }: Told): void {
  for (const text of notices) log.warn('notice', { text });
  for (const text of [config.changesOff, config.oneAddress]) if (text !== undefined) log.warn('notice', { text });
  if (config.oauth === undefined && config.tokensFile === undefined) {
    log.warn('notice', { text: 'Nobody has to say who they are: every program on this machine can call this server.' });
  }
  log.info('started', {
    version: VERSION,
    kratos: kratosUrl,
    policy,
    assurance: config.level,
    address: `${origin}/mcp`,
    approvals: `${origin}/approvals`,
  });
}
