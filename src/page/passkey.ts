/** What a passkey answered, checked by @simplewebauthn/server, which is loaded at the first answer. */
import { z } from 'zod';
import type { Assertion } from '../audit/record.ts';
import type { Approver } from '../store/types.ts';

const Base64Url = z.string().regex(/^[A-Za-z0-9_-]{1,8000}$/);
const Common = { id: Base64Url, rawId: Base64Url, type: z.literal('public-key'), clientExtensionResults: z.strictObject({}) };
const Asserted = z.strictObject({
  ...Common,
  response: z.strictObject({
    clientDataJSON: Base64Url,
    authenticatorData: Base64Url,
    signature: Base64Url,
    userHandle: Base64Url.optional(),
  }),
});
const Registered = z.strictObject({
  ...Common,
  response: z.strictObject({
    clientDataJSON: Base64Url,
    attestationObject: Base64Url,
    // `getAuthenticatorData` and the like are functions of the browser's object; the script leaves them out.
    authenticatorData: Base64Url.optional(),
    transports: z.array(z.string().max(20)).max(10).optional(),
  }),
});
const ClientData = z.looseObject({ crossOrigin: z.boolean().optional() });

/** The relying party: the host's name alone, so that a passkey serves whatever port the page has. */
const RP_ID = 'localhost';
/** ES256 and RS256: what platforms offer. The script asks for the same. */
const ALGORITHMS = [-7, -257];

export interface Expected {
  readonly challenge: string;
  readonly origin: string;
}

export interface Signed {
  readonly approver: Approver;
  readonly counter: number;
  readonly assertion: Omit<Assertion, 'nonce'>;
}

/** Undefined: it is no valid signature of one of them, with the person verified, over exactly this challenge on this page. */
export async function signedBy(text: string, approvers: readonly Approver[], expected: Expected): Promise<Signed | undefined> {
  const response = Asserted.safeParse(parsed(text)).data;
  const approver = approvers.find((it) => it.passkey !== undefined && it.passkey.id === response?.id);
  const passkey = approver?.passkey;
  if (response === undefined || approver === undefined || passkey === undefined || isFramed(response.response.clientDataJSON))
    return undefined;
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...response, response: defined(response.response) },
      expectedChallenge: expected.challenge,
      expectedOrigin: expected.origin,
      expectedRPID: RP_ID,
      expectedType: 'webauthn.get',
      requireUserVerification: true,
      credential: { id: passkey.id, publicKey: Buffer.from(passkey.publicKey, 'base64url'), counter: passkey.counter },
    });
    if (!verified || !authenticationInfo.userVerified) return undefined;
    const { authenticatorData, clientDataJSON, signature } = response.response;
    const assertion = {
      approver: approver.id,
      credential_id: passkey.id,
      public_key: passkey.publicKey,
      challenge: expected.challenge,
      authenticator_data: authenticatorData,
      client_data: clientDataJSON,
      signature,
    };
    return { approver, counter: authenticationInfo.newCounter, assertion };
  } catch {
    return undefined; // the library throws for what does not fit
  }
}

/** A new passkey. Undefined: it is none that could be used here, with the person verified. */
export async function registeredBy(text: string, expected: Expected): Promise<NonNullable<Approver['passkey']> | undefined> {
  const response = Registered.safeParse(parsed(text)).data;
  if (response === undefined || isFramed(response.response.clientDataJSON)) return undefined;
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
  const { clientDataJSON, attestationObject, transports } = response.response;
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: { ...response, response: { clientDataJSON, attestationObject } },
      expectedChallenge: expected.challenge,
      expectedOrigin: expected.origin,
      expectedRPID: RP_ID,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified || registrationInfo === undefined || !registrationInfo.userVerified) return undefined;
    const { id, publicKey, counter } = registrationInfo.credential;
    return { id, publicKey: Buffer.from(publicKey).toString('base64url'), counter, ...(transports && { transports }) };
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The library lets an answer from a frame of another page pass where the browser does not name that page. */
function isFramed(clientData: string): boolean {
  const { data } = ClientData.safeParse(parsed(Buffer.from(clientData, 'base64url').toString('utf8')));
  return data === undefined || data.crossOrigin === true;
}

type Answered = z.output<typeof Asserted>['response'];
const defined = ({ userHandle, ...response }: Answered) => ({ ...response, ...(userHandle !== undefined && { userHandle }) });
