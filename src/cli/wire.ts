/** The way to the Kratos that the settings name: the network or the built-in one. Each is loaded only where it is used. */
import type { ProxySettings } from '../client/proxy.ts';
import type { Send } from '../client/types.ts';
import type { Settings } from '../config/load.ts';
import type { KratosTarget, Target } from '../config/target.ts';

export interface Wire {
  readonly send: Send;
  /** How people are told which Kratos it is. */
  readonly kratosUrl: string;
  readonly publicUrl: string | undefined;
  readonly network: boolean;
  readonly close: () => Promise<void>;
}
type Timeouts = Pick<Settings, 'connectTimeoutMs' | 'headersTimeoutMs' | 'callTimeoutMs'>;

/** Opens no connection: a Kratos that is down is no reason not to start. Throws `UsageError` for certificates that can't be used. */
export async function openWire({ target, ...settings }: Timeouts & Pick<Settings, 'target'>): Promise<Wire> {
  if (target.kind === 'sandbox') {
    const { createSandbox } = await import('../sandbox/sandbox.ts');
    return {
      send: createSandbox().send,
      kratosUrl: 'the built-in sandbox',
      publicUrl: 'http://sandbox.invalid',
      network: false,
      close: async () => {},
    };
  }
  if (target.tls.ca !== undefined || target.tls.cert !== undefined) {
    await (await import('./certificates.ts')).checkCertificates(target.tls);
  }
  const { adminUrl: kratosUrl, publicUrl, network } = target;
  return { ...lazily(() => openTransport(target, settings)), kratosUrl, publicUrl, network };
}

type Transport = Awaited<ReturnType<typeof openTransport>>;
async function openTransport(target: KratosTarget, timeouts: Timeouts) {
  const { createTransport } = await import('../client/transport.ts');
  return createTransport(wireOptions(target, timeouts));
}

/** Long enough for a client to have its list of tools first. */
const IDLE_MS = 200;

/** The HTTP client is the largest thing there is to load, and who starts this server asks for its tools first: it is loaded after that. */
function lazily(open: () => Promise<Transport>): Pick<Wire, 'send' | 'close'> {
  let opened: Promise<Transport> | undefined;
  const get = () => (opened ??= open());
  const timer = setTimeout(() => void get().catch(() => {}), IDLE_MS).unref(); // whoever calls hears of a failure
  return {
    send: async (request) => (await get()).send(request),
    async close() {
      clearTimeout(timer);
      await (await opened)?.close();
    },
  };
}

/** For other addresses than Kratos'. */
export function proxyOptions(target: Target): ProxySettings {
  if (target.kind === 'sandbox') return {};
  const { httpsProxy, httpProxy, noProxy } = target;
  return { httpsProxy: httpsProxy?.reveal(), httpProxy: httpProxy?.reveal(), noProxy };
}

/** The one place where Kratos' secrets are taken out of their wrapping. */
function wireOptions(target: KratosTarget, { connectTimeoutMs, headersTimeoutMs, callTimeoutMs }: Timeouts) {
  const { adminUrl, publicUrl, bearer, tls } = target;
  return {
    adminUrl: new URL(adminUrl),
    publicUrl: publicUrl === undefined ? undefined : new URL(publicUrl),
    bearer: bearer?.reveal(),
    ca: tls.ca,
    cert: tls.cert,
    key: tls.key?.reveal(),
    ...proxyOptions(target),
    connectTimeoutMs,
    headersTimeoutMs,
    callTimeoutMs,
  };
}
