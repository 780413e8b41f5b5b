/** A passkey in software, which can be told to do what no honest one does. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

export interface Flaws {
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly userVerified?: boolean;
  readonly crossOrigin?: boolean;
  readonly counter?: number;
  /** Signs with a key of its own. */
  readonly otherKey?: boolean;
}

export interface SoftPasskey {
  readonly id: string;
  /** COSE, base64url. */
  readonly publicKey: string;
  /** PKCS #8, base64, for a browser's virtual authenticator. */
  readonly pkcs8: string;
  /** What the page's script would put into the form. */
  readonly answer: (challenge: string, origin: string, flaws?: Flaws) => string;
}

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest();

export function softPasskey(): SoftPasskey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const id = b64(randomBytes(16));
  let count = 0;
  return {
    id,
    publicKey: b64(cose(publicKey)),
    pkcs8: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    answer(challenge, origin, flaws = {}) {
      count += 1;
      const clientData = {
        type: flaws.type ?? 'webauthn.get',
        challenge,
        origin: flaws.origin ?? origin,
        crossOrigin: flaws.crossOrigin ?? false,
      };
      const clientDataJSON = Buffer.from(JSON.stringify(clientData));
      const flags = flaws.userVerified === false ? 0x01 : 0x05;
      const tail = Buffer.alloc(5);
      tail.writeUInt8(flags, 0);
      tail.writeUInt32BE(flaws.counter ?? count, 1);
      const authenticatorData = Buffer.concat([sha256(flaws.rpId ?? 'localhost'), tail]);
      const signed = Buffer.concat([authenticatorData, sha256(clientDataJSON)]);
      const signature = sign('sha256', signed, flaws.otherKey === true ? other : privateKey);
      const response = { clientDataJSON: b64(clientDataJSON), authenticatorData: b64(authenticatorData), signature: b64(signature) };
      return JSON.stringify({ id, rawId: id, type: 'public-key', response, clientExtensionResults: {} });
    },
  };
}

/** {1: 2, 3: -7, -1: 1, -2: x, -3: y} (RFC 9053, 7.1.1). */
function cose(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const [head, middle] = [Buffer.from('a5010203262001215820', 'hex'), Buffer.from('225820', 'hex')];
  return Buffer.concat([head, Buffer.from(x, 'base64url'), middle, Buffer.from(y, 'base64url')]);
}
