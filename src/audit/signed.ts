/** The checkpoints, with their signatures looked at. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { KeyObject } from 'node:crypto';
import type { Finding } from './checker.ts';
import { parseCheckpoint, type Checkpoint } from './format.ts';
import { isSignedBy, keyIdOf, readPublicKey } from './keys.ts';
import { linesOf, type Line } from './lines.ts';
import { openNamed } from './read.ts';

export interface Signed {
  readonly good: Checkpoint[];
  readonly problems: Finding[];
  readonly notes: Finding[];
  readonly keyId?: string;
}

/** Those that are there, each looked at with the public key. Throws `LedgerError` where the key is none. */
export async function readCheckpoints(path: string | undefined, publicKey: string | undefined): Promise<Signed> {
  const found: Signed = { good: [], problems: [], notes: [] };
  if (path === undefined) return found;
  if (publicKey === undefined || !existsSync(publicKey)) {
    const says = 'the public key is missing, so that no checkpoint could be looked at; name it with --public-key';
    return { ...found, problems: [{ where: basename(path), says }] };
  }
  const key = readPublicKey(publicKey);
  const ours = { key, keyId: keyIdOf(key) };
  let number = 0;
  for await (const { name, file } of openNamed([path])) {
    for await (const line of linesOf(file)) {
      number += 1;
      const where = `${name}:${number}`;
      const seen = look(line, ours);
      if (typeof seen !== 'string') found.good.push(seen);
      else if (seen === CUT_OFF) found.notes.push({ where, says: seen });
      else found.problems.push({ where, says: seen });
    }
  }
  return { ...found, keyId: ours.keyId };
}

const CUT_OFF = 'a checkpoint was cut off while it was written';

/** The checkpoint, or what is wrong with the line. */
function look({ bytes, ended }: Line, { key, keyId }: { readonly key: KeyObject; readonly keyId: string }): Checkpoint | string {
  const parsed = ended ? parseCheckpoint(bytes) : ({ kind: 'torn' } as const);
  if (parsed.kind === 'torn') return CUT_OFF;
  if (parsed.kind === 'newer') return `it is marked as version ${parsed.version}, which this program does not know`;
  if (parsed.kind === 'noise') return 'this line is no checkpoint';
  if (parsed.checkpoint.key_id !== keyId) return `it is signed by another key (${parsed.checkpoint.key_id.slice(0, 16)})`;
  return isSignedBy(parsed.checkpoint, key) ? parsed.checkpoint : 'its signature is wrong';
}
