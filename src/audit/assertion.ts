/** A passkey's signature over what was approved, checked with nothing but what stands in the record. */
import { createHash } from 'node:crypto';
import { challengeOf } from './challenge.ts';
import type { LedgerRecord } from './format.ts';
import type { Assertion } from './record.ts';

/** Bit 2 of the flags: the authenticator knew its user (WebAuthn Level 3, 6.1). */
const USER_VERIFIED = 0x04;
const FLAGS_AT = 32;

/** What is wrong with it, in words; undefined if nothing is. All binary members are base64url, the public key is COSE. */
export async function problemWithAssertion({ digest }: LedgerRecord, assertion: Assertion): Promise<string | undefined> {
  const { challenge, nonce, client_data, authenticator_data, signature, public_key } = assertion;
  if (digest === undefined || challenge !== challengeOf(digest, nonce)) return "its passkey's challenge is not that of the plan";
  const client = bytesOf(client_data);
  const says = jsonIn(client);
  if (says?.['type'] !== 'webauthn.get' || says['challenge'] !== challenge) return 'its passkey signed something else';
  const authenticator = bytesOf(authenticator_data);
  if (((authenticator[FLAGS_AT] ?? 0) & USER_VERIFIED) === 0) return 'its passkey did not verify its user';
  const data = Buffer.concat([authenticator, createHash('sha256').update(client).digest()]);
  const isGood = await isSigned({ data, signature: bytesOf(signature), credentialPublicKey: bytesOf(public_key) });
  return isGood ? undefined : "its passkey's signature is wrong";
}

interface Signed {
  readonly data: Buffer;
  readonly signature: Buffer;
  readonly credentialPublicKey: Buffer;
}
async function isSigned({ data, signature, credentialPublicKey }: Signed): Promise<boolean> {
  const { verifySignature } = await import('@simplewebauthn/server/helpers');
  try {
    return await verifySignature({
      data: Uint8Array.from(data),
      signature: Uint8Array.from(signature),
      credentialPublicKey: Uint8Array.from(credentialPublicKey),
    });
  } catch {
    return false; // no key, no signature, or of a kind that nobody uses
  }
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url');

function jsonIn(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined; // cast: an object has members
  } catch {
    return undefined;
  }
}
