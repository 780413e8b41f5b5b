/** One request, one answer, on undici's own handler interface: the only place that shows whether a request ever got onto a connection. */
import type { Dispatcher } from 'undici';
import { Ambiguous, Unsent } from '../errors.ts';
import { codeOf } from './retry.ts';
import type { WireReply } from './types.ts';

interface Limits {
  readonly signal: AbortSignal;
  /** Of the answer's body. */
  readonly maxBodyBytes: number;
}

/** Throws `Unsent` if the request was never begun on a connection, else `Ambiguous`. Either way its connection is not used again. */
export function exchange(dispatcher: Dispatcher, request: Dispatcher.DispatchOptions, limits: Limits): Promise<WireReply> {
  return new Promise((resolve, reject) => {
    const { signal } = limits;
    const ended = new Exchange(limits.maxBodyBytes, (outcome) => {
      signal.removeEventListener('abort', abort);
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    });
    const abort = () => ended.fail('was given up', signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    else dispatcher.dispatch(request, ended);
  });
}

type Controller = Dispatcher.DispatchController;

class Exchange implements Dispatcher.DispatchHandler {
  readonly #maxBodyBytes: number;
  readonly #end: (outcome: WireReply | Error) => void;
  /** Set from the moment on which bytes may have gone out. */
  #controller: Controller | undefined;
  #head: Pick<WireReply, 'status' | 'headers'> | undefined;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #done = false;

  constructor(maxBodyBytes: number, end: (outcome: WireReply | Error) => void) {
    this.#maxBodyBytes = maxBodyBytes;
    this.#end = end;
  }

  onRequestStart(controller: Controller): void {
    if (this.#done) return controller.abort(new Error('given up before it was sent'));
    // undici starts a request again if its connection broke before it had sent any of it. Never twice, whatever it believes.
    if (this.#controller) return this.fail('was about to be sent a second time', undefined);
    this.#controller = controller;
  }

  onResponseStart(_: Controller, status: number, raw: Readonly<Record<string, string | readonly string[] | undefined>>): void {
    if (status < 200) return; // 1xx: the answer is still to come
    const headers: Record<string, string> = Object.create(null) as Record<string, string>; // null prototype: names are the other side's
    for (const [name, value] of Object.entries(raw))
      headers[name.toLowerCase()] = typeof value === 'string' ? value : (value ?? []).join(', ');
    this.#head = { status, headers };
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding.toLowerCase() !== 'identity') return this.fail('was answered with compression, which nobody asked for', undefined);
    if (Number(headers['content-length'] ?? 0) > this.#maxBodyBytes) this.#tooLarge();
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    if (this.#done) return;
    this.#size += chunk.length;
    if (this.#size > this.#maxBodyBytes) return this.#tooLarge();
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (!this.#head) return this.fail('ended without an answer', undefined);
    const isSuccess = this.#isSuccess();
    try {
      // A success is data, where a silent U+FFFD could be written back; a refusal's text is only shown.
      const text = new TextDecoder('utf-8', { fatal: isSuccess }).decode(Buffer.concat(this.#chunks, this.#size));
      this.#finish({ ...this.#head, text });
    } catch (cause) {
      this.fail('was answered with text that is not UTF-8', cause);
    }
  }

  onResponseError(_: Controller | undefined, cause: Error): void {
    this.fail(undefined, cause.name === 'HTTPParserError' ? notHttp() : cause);
  }

  /** The first cause counts. `what` completes "The call to Kratos …"; without it the cause's code says it. */
  fail(what: string | undefined, cause: unknown): void {
    if (this.#done) return;
    if (!this.#controller) {
      this.#finish(new Unsent(what === undefined ? unreachable(cause) : `The call to Kratos ${what}.`, { cause }));
      return;
    }
    // The status of a refusal counts even where its words can't be read.
    const outcome =
      this.#head && !this.#isSuccess()
        ? { ...this.#head, text: '' }
        : new Ambiguous(`The call to Kratos ${what ?? brokenOff(cause)}.`, { cause });
    this.#finish(outcome);
    this.#controller.abort(new Error('given up')); // destroys the connection
  }

  #tooLarge(): void {
    this.fail(`was answered with more than ${Math.floor(this.#maxBodyBytes / 1024)} KiB; ask for less at a time`, undefined);
  }

  #isSuccess(): boolean {
    return this.#head !== undefined && this.#head.status < 300;
  }

  #finish(outcome: WireReply | Error): void {
    this.#done = true;
    this.#chunks.length = 0;
    this.#end(outcome);
  }
}

/** Instead of undici's own error, which carries the bytes that came: they may hold what no log may. */
const notHttp = (): Error => Object.assign(new Error('not HTTP'), { code: 'HPE_INVALID' });

function unreachable(cause: unknown): string {
  const code = codeOf(cause);
  const isTls = /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|ERR_OSSL|EPROTO|UND_ERR_PRX_TLS)/.test(code);
  const why = NOT_CONNECTED[code] ?? (isTls ? UNTRUSTED : 'no connection could be made');
  return `Kratos could not be reached: ${why}${code === '' ? '' : ` (${code})`}.`;
}
const UNTRUSTED =
  'its TLS certificate or handshake was not accepted; a private CA goes into KRATOS_CA_FILE, a client certificate into KRATOS_CLIENT_CERT_FILE';
const NOT_CONNECTED: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answers there does not speak TLS; perhaps the address should begin with http://',
  ECONNREFUSED: 'nothing listens at the configured address',
  ENOTFOUND: "the host's name is not known",
  EAI_AGAIN: "the host's name could not be looked up",
  ETIMEDOUT: 'no connection within the time allowed',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within the time allowed',
  ERR_PROXY_HUNG_UP: 'the proxy hung up',
  UND_ERR_ABORTED: 'the proxy did not let the connection through',
  UND_ERR_HEADERS_TIMEOUT: 'the proxy did not answer in time',
};

function brokenOff(cause: unknown): string {
  const code = codeOf(cause);
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'was not answered within the time allowed';
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'was answered in part, then nothing more came';
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'was answered with headers that are too large; ask for fewer ids at a time';
  if (code.startsWith('HPE_')) return 'was answered with something that is not HTTP';
  return 'broke off before the answer was complete';
}
