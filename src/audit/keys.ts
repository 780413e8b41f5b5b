/** The key pair that checkpoints are signed with. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { LedgerError } from './error.ts';
import { signedPart, type Checkpoint } from './format.ts';

export const PRIVATE_KEY = 'audit-signing-key.pem';
export const PUBLIC_KEY = 'audit-signing-key.pub.pem';

export interface Signer {
  readonly keyId: string;
  readonly sign: (unsigned: Omit<Checkpoint, 'key_id' | 'signature'>) => Checkpoint;
}

/**
 * Reads the private key, or makes a pair where `fresh` says that nothing was signed yet. The public half is written beside it whenever it
 * is missing. To be called under the ledger's lock. Throws `LedgerError`.
 */
export function openSigner(privatePath: string, publicPath: string, { fresh }: { readonly fresh: boolean }): Signer {
  if (!existsSync(privatePath)) {
    if (!fresh) throw new LedgerError(`Its signing key ${PRIVATE_KEY} is missing, although there are checkpoints.`);
    writeWhole(privatePath, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  }
  if (process.platform !== 'win32' && (lstatSync(privatePath).mode & 0o077) !== 0) {
    throw new LedgerError(`Its signing key ${PRIVATE_KEY} can be read by others (chmod 600 it).`);
  }
  const key = readKey(privatePath, createPrivateKey);
  const pub = createPublicKey(key);
  if (!existsSync(publicPath)) writeWhole(publicPath, pub.export({ type: 'spki', format: 'pem' }));
  return signerOf(key);
}

export function signerOf(key: KeyObject): Signer {
  const keyId = keyIdOf(createPublicKey(key));
  return {
    keyId,
    sign: (unsigned) => {
      const checkpoint = { ...unsigned, key_id: keyId, signature: '' };
      return { ...checkpoint, signature: sign(null, signedPart(checkpoint), key).toString('base64url') };
    },
  };
}

/** Throws `LedgerError` where the file holds no Ed25519 key. */
export const readPublicKey = (path: string): KeyObject => readKey(path, createPublicKey);

/** The first 16 hexadecimal digits of SHA-256 over the public key (SPKI, DER). */
export const keyIdOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);

/** In its one spelling: the last character of base64url has bits to spare. */
export function isSignedBy(checkpoint: Checkpoint, key: KeyObject): boolean {
  const signature = Buffer.from(checkpoint.signature, 'base64url');
  return signature.toString('base64url') === checkpoint.signature && verify(null, signedPart(checkpoint), key, signature);
}

function readKey(path: string, parse: (pem: Buffer) => KeyObject): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = parse(readFileSync(path));
  } catch (error) {
    throw new LedgerError(`The key ${path} cannot be read.`, { cause: error });
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new LedgerError(`The key ${path} is no Ed25519 key.`);
  return key;
}

/** Half a key is worse than none. */
function writeWhole(path: string, text: string | Buffer): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
