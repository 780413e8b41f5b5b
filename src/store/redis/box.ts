/** Texts that only those can read and write who hold a state key: AES-256-GCM, with the name of its key in front. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** The caller reads it: a text was sealed by a key that we don't have, or was changed since. */
export class BadBox extends Error {
  override readonly name = 'BadBox';
}

export interface Box {
  /** `about` is bound to it: the same is needed to open it. */
  seal(text: string, about: string): string;
  /** Throws `BadBox`. */
  open(sealed: string, about: string): string;
  /** Whether another key than the sealing one did it. */
  isOld(sealed: string): boolean;
}

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Keys of 32 bytes. The first one seals, all of them open. */
export function createBox(keys: readonly Buffer[]): Box {
  const [first] = keys;
  if (first === undefined) throw new RangeError('a box has at least one key');
  const byName = new Map(keys.map((it) => [nameOf(it), it]));
  const nameOfFirst = nameOf(first);
  return {
    seal(text, about) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, first, iv).setAAD(Buffer.from(about));
      const bytes = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${nameOfFirst}.${bytes.toString('base64url')}`;
    },
    isOld: (sealed) => !sealed.startsWith(`${nameOfFirst}.`),
    open(sealed, about) {
      const [name = '', text = ''] = sealed.split('.');
      const key = byName.get(name);
      if (key === undefined) throw new BadBox('it was sealed by a key that is not among KRATOS_MCP_STATE_KEYS');
      return opened(Buffer.from(text, 'base64url'), key, about);
    },
  };
}

function opened(bytes: Buffer, key: Buffer, about: string): string {
  const end = bytes.length - TAG_BYTES;
  try {
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(Math.max(0, end)));
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, end)), decipher.final()]).toString('utf8');
  } catch {
    throw new BadBox('it was changed by something other than this program: its seal does not fit');
  }
}

/** Says which key it is, and nothing about it. */
const nameOf = (key: Buffer): string => createHash('sha256').update('name of ').update(key).digest('base64url').slice(0, 8);
