/** The body of a POST: bounded before it is in memory, plain JSON, one message. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isJsonContentType } from '@modelcontextprotocol/server';
import { depthOf } from '../../lib/json.ts';
import { parseExact } from '../exact.ts';
import type { Limits } from './limits.ts';
import { refusal, type Refusal } from './refusal.ts';

export type Read = { readonly body: unknown } | { readonly refused: Refusal };

/** What is wrong with a POST by its head; before a byte of its body is read. */
export function contentRefusal({ headers }: IncomingMessage, { bodyBytes }: Limits): Refusal | undefined {
  if (!isJsonContentType(headers['content-type'] ?? null))
    return refusal(415, 'content-type', { message: 'The body must be JSON: Content-Type: application/json' });
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    return refusal(415, 'content-encoding', { message: 'The body must not be compressed', headers: { 'Accept-Encoding': 'identity' } });
  if (!accepts(headers.accept, 'application/json') || !accepts(headers.accept, 'text/event-stream'))
    return refusal(406, 'accept', { message: 'A client must accept both: Accept: application/json, text/event-stream' });
  return Number(headers['content-length'] ?? 0) > bodyBytes ? tooLarge(bodyBytes) : undefined;
}

const accepts = (header: string | undefined, type: string): boolean =>
  header?.split(',').some((it) => it.split(';', 1)[0]?.trim().toLowerCase() === type) ?? false;

const tooLarge = (bytes: number): Refusal =>
  refusal(413, 'body-size', { message: `The body must not be larger than ${bytes} bytes; split the call` });

/** Throws where the client goes away meanwhile, or takes longer than it may. */
export async function readMessage(req: IncomingMessage, res: ServerResponse, { bodyBytes, depth }: Limits): Promise<Read> {
  if (req.headers.expect !== undefined) res.writeContinue();
  const bytes = await collect(req, bodyBytes);
  if (bytes === undefined) return { refused: tooLarge(bodyBytes) };
  if (!isUtf8(bytes)) return { refused: refusal(400, 'json', { message: 'Parse error: the body is not UTF-8', code: -32_700 }) };
  return parse(bytes.toString('utf8'), depth);
}

function parse(text: string, depth: number): Read {
  if (depthOf(text) > depth)
    return { refused: refusal(400, 'json-depth', { message: `The body is nested deeper than ${depth}`, code: -32_600 }) };
  try {
    const body = parseExact(text);
    if (!Array.isArray(body)) return { body };
  } catch {
    return { refused: refusal(400, 'json', { message: 'Parse error: the body is not JSON', code: -32_700 }) };
  }
  return { refused: refusal(400, 'batch', { message: 'JSON-RPC batches are not taken: send one message a request', code: -32_600 }) };
}

/** Undefined: more than `most`; what came after that is not kept. */
function collect(req: IncomingMessage, most: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= most) {
        chunks.push(chunk);
        return;
      }
      req.off('data', onData);
      req.pause();
      resolve(undefined);
    };
    req.on('data', onData);
    req.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    req.once('error', reject);
    req.once('close', () => reject(new Error('the client has gone')));
  });
}
