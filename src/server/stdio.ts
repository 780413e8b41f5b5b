/** The connection to one client over stdin and stdout, both protocol eras. stdout carries the protocol and nothing else. */
import { Transform, type Readable, type TransformCallback, type Writable } from 'node:stream';
import type { McpServerFactory } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { exact } from './exact.ts';

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

/** Passes lines on as they are, except a call whose arguments would not arrive at the guard as they were written. */
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
