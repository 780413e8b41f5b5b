/** The connection to one client over stdin and stdout, both protocol eras. stdout carries the protocol and nothing else. */
import { Transform, type Readable, type TransformCallback, type Writable } from 'node:stream';
import type { McpServerFactory } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { LOSSY_KEY } from '../lib/arguments.ts';
import { lossyNumber, mayBeLossy } from '../lib/json.ts';

/** A longer line is no tool call of ours; the SDK's own limit is ten times this. */
const MAX_LINE = 1024 * 1024;

export interface StdioPorts {
  readonly input: Readable;
  readonly output: Writable;
  readonly onerror: (error: Error) => void;
}

export interface Connection {
  close(): Promise<void>;
  /** Resolves when the client has gone. */
  readonly closed: Promise<void>;
}

export function connectStdio(build: McpServerFactory, { input, output, onerror }: StdioPorts): Connection {
  const transport = new WatchedTransport(input.pipe(new ExactLines()), output, { maxBufferSize: MAX_LINE });
  const handle = serveStdio(build, { transport, onerror });
  return { close: () => handle.close(), closed: transport.closed };
}

/** The SDK's transport, which closes itself at the end of input and after a line that is too long; its `onclose` is taken by the SDK. */
class WatchedTransport extends StdioServerTransport {
  #tell = (): void => {};
  readonly closed = new Promise<void>((resolve) => {
    this.#tell = resolve;
  });

  override async close(): Promise<void> {
    await super.close();
    this.#tell();
  }
}

/**
 * Passes lines on as they are, except a call whose arguments hold what the argument guard would not get to see: a number that JSON.parse
 * changes (9007199254740993), or a member `__proto__` at their top, which the SDK's own schema drops. Such arguments are replaced by some
 * that the guard refuses by name.
 */
class ExactLines extends Transform {
  #rest: Buffer = Buffer.alloc(0);

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const end = chunk.lastIndexOf(0x0a);
    if (end < 0) {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      // Handed on unfinished: the transport's own limit ends the connection.
      if (this.#rest.length > MAX_LINE) this.push(this.#take());
      done();
      return;
    }
    const whole = Buffer.concat([this.#take(), chunk.subarray(0, end + 1)]).toString('utf8');
    this.#rest = Buffer.from(chunk.subarray(end + 1));
    this.push(whole.split('\n').map(exact).join('\n'));
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#rest.length > 0) this.push(this.#take());
    done();
  }

  #take(): Buffer {
    const taken = this.#rest;
    this.#rest = Buffer.alloc(0);
    return taken;
  }
}

/** `__proto__` may be spelt with escapes. */
const MAY_REPARENT = /__proto__|\\u/;

function exact(line: string): string {
  if (!mayBeLossy(line) && !MAY_REPARENT.test(line)) return line;
  const message = parsed(line);
  if (!isToolCall(message)) return line;
  const marked = refusable(line, message.params.arguments);
  if (marked === undefined) return line;
  try {
    return JSON.stringify({ ...message, params: { ...message.params, arguments: marked } });
  } catch {
    return ''; // nested so deep that it can't be written again: no client's call
  }
}

/** Undefined for what is no JSON: the SDK's to answer. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function refusable(line: string, given: object): object | undefined {
  const number = lossyNumber(line);
  if (number !== undefined) return { [LOSSY_KEY]: number };
  return Object.hasOwn(given, '__proto__') ? { arguments: given } : undefined; // further down it is not dropped
}

const isToolCall = (it: unknown): it is { params: { arguments: object } } =>
  isObject(it) && 'params' in it && isObject(it.params) && 'arguments' in it.params && isObject(it.params.arguments);
const isObject = (it: unknown): it is object => typeof it === 'object' && it !== null;
