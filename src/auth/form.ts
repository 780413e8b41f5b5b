/** A compact JWS (RFC 7515 §3.1) taken apart, strictly: what two parsers could read differently is refused. Pure. */
import { parse } from 'lossless-json';
import type { Claims } from '../caller.ts';
import { parseJson } from '../lib/json.ts';

export interface Parts {
  readonly header: Claims;
  readonly claims: Claims;
}

/** The caller reads it: what is wrong with the form, in words of ours. */
export class BadForm extends Error {
  override readonly name = 'BadForm';
}

/** Throws `BadForm`. */
export function partsOf(token: string): Parts {
  const parts = token.split('.');
  if (parts.length !== 3) throw new BadForm(parts.length === 5 ? 'an encrypted token' : `${parts.length} parts`);
  const [header = '', claims = '', signature = ''] = parts;
  if (signature === '') throw new BadForm('no signature');
  bytesOf(signature, 'signature');
  return { header: objectIn(header, 'header'), claims: objectIn(claims, 'claims') };
}

/** base64url in its one canonical spelling: the bits that are left over would make several tokens of one. */
function bytesOf(part: string, name: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw new BadForm(`a ${name} that is not base64url`);
  return bytes;
}

function objectIn(part: string, name: string): Claims {
  const bytes = bytesOf(part, name);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value = parseJson(text);
    parse(text, undefined, { onDuplicateKey: refuse }); // RFC 7515 §4, RFC 7519 §4: names are unique
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // said below
  }
  throw new BadForm(`a ${name} that is no JSON object with unique members`);
}

function refuse(): never {
  throw new SyntaxError('a member twice');
}
