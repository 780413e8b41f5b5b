/** The sandbox over HTTP, on loopback only: for other clients, and for the contract suite. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { UsageError } from '../errors.ts';
import { BODY_LIMIT } from './request.ts';
import { answer } from './router.ts';
import { createSandbox, type SandboxOptions } from './sandbox.ts';
import type { World } from './world.ts';

interface ServeOptions extends Pick<SandboxOptions, 'empty' | 'recovery' | 'fasterExtend'> {
  /** 0 = any free one. */
  readonly adminPort: number;
  readonly publicPort: number;
}
export interface ServedSandbox {
  readonly adminUrl: string;
  readonly publicUrl: string;
  /** Ends open connections, too. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
/** As Go's server: Node's 16 KiB are too little for a query with 500 ids. */
const HEADER_LIMIT = 1024 * 1024;

/** Throws a `UsageError` for a port that can't be had. */
export async function serveSandbox({ adminPort, publicPort, ...options }: ServeOptions): Promise<ServedSandbox> {
  const admin = createServer({ maxHeaderSize: HEADER_LIMIT });
  const open = createServer({ maxHeaderSize: HEADER_LIMIT });
  const close = async () => {
    await Promise.all([stop(admin), stop(open)]);
  };
  try {
    const adminUrl = await listen(admin, adminPort);
    const publicUrl = await listen(open, publicPort);
    const { world } = createSandbox({ ...options, adminUrl, publicUrl });
    admin.on('request', (request, response) => void handle(world, 'admin', { request, response })); // handle catches everything
    open.on('request', (request, response) => void handle(world, 'public', { request, response }));
    return { adminUrl, publicUrl, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken by another program' : `can't be had (${error.code ?? error.message})`;
      reject(new UsageError(`Port ${port} on ${HOST} ${why}. Choose another one; 0 takes any that is free.`, { cause: error }));
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      resolve(`http://${HOST}:${typeof address === 'object' && address !== null ? address.port : port}`);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) return resolve();
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

interface Pair {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function handle(world: World, port: 'admin' | 'public', { request, response }: Pair): Promise<void> {
  try {
    const body = await read(request);
    const reply = await answer(world, {
      port,
      method: request.method ?? 'GET',
      target: request.url ?? '/',
      body,
      contentType: request.headers['content-type'] ?? '',
      // Of a repeated header the first counts.
      requestId: request.headersDistinct['x-request-id']?.[0],
      userAgent: request.headers['user-agent'] ?? '',
      remote: `${request.socket.remoteAddress ?? HOST}:${request.socket.remotePort ?? 0}`,
      sessionToken: sessionToken(request),
    });
    response.writeHead(reply.status, reply.headers).end(reply.text);
  } catch {
    // A client that went away, or an answer that a fault of ours kept from being made: Kratos closes the connection, too, when it panics.
    response.destroy();
  }
}

function sessionToken({ headers }: IncomingMessage): string | undefined {
  const own = headers['x-session-token'];
  if (typeof own === 'string') return own;
  return /^bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
}

/** One byte more than Kratos takes at most, so that the cut shows. */
async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array); // no encoding is set on it
    if (size <= BODY_LIMIT) chunks.push(bytes);
    size += bytes.length;
  }
  return Buffer.concat(chunks)
    .subarray(0, BODY_LIMIT + 1)
    .toString();
}
