/** A passkey's signature in a record is one over what was approved. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { problemWithAssertion } from '../../src/audit/assertion.ts';
import { challengeOf } from '../../src/audit/challenge.ts';
import type { LedgerRecord } from '../../src/audit/format.ts';
import { createMemoryLedger } from '../../src/audit/memory.ts';
import type { Assertion } from '../../src/audit/record.ts';
import { openIn, stateFolder, verifyFolder } from './support.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' });
/** COSE: key type 2, algorithm −7, curve 1, and the point. */
const cose = Buffer.concat([
  Buffer.from('a5010203262001215820', 'hex'),
  Buffer.from(x, 'base64url'),
  Buffer.from('225820', 'hex'),
  Buffer.from(y, 'base64url'),
]);

/** As an authenticator makes it. `flags`: 1 someone was there, 4 and it was the owner. */
function signed(challenge: string, { flags = 5, type = 'webauthn.get' } = {}): Assertion {
  const rpId = createHash('sha256').update('localhost').digest();
  const authenticator = Buffer.concat([rpId, Buffer.from([flags]), Buffer.alloc(4)]);
  const client = Buffer.from(JSON.stringify({ type, challenge, origin: 'http://localhost:4567' }));
  const data = Buffer.concat([authenticator, createHash('sha256').update(client).digest()]);
  return {
    approver: 'p-1',
    credential_id: 'c-1',
    public_key: cose.toString('base64url'),
    challenge,
    nonce: 'nonce-1',
    authenticator_data: authenticator.toString('base64url'),
    client_data: client.toString('base64url'),
    signature: sign('sha256', data, pair.privateKey).toString('base64url'),
  };
}
const challenge = challengeOf('digest-1', 'nonce-1');

async function recordWith(assertion: Assertion, digest = 'digest-1'): Promise<LedgerRecord> {
  const ledger = createMemoryLedger();
  await ledger.durable({ event: 'approved', digest, assertion });
  const [record] = ledger.records;
  if (!record) throw new Error('nothing was written');
  return record;
}

test('the challenge is SHA-256 over digest, line feed and nonce', () => {
  expect(challenge).toBe(createHash('sha256').update('digest-1\nnonce-1', 'utf8').digest('base64url'));
  expect(challengeOf('a', 'b')).not.toBe(challengeOf('a', 'c'));
});

const good = signed(challenge);
test.each<[string, Assertion, string | undefined, string | undefined]>([
  ['as it was made', good, 'digest-1', undefined],
  ['over another plan', good, 'digest-2', "its passkey's challenge is not that of the plan"],
  ['with another nonce', { ...good, nonce: 'n' }, 'digest-1', "its passkey's challenge is not that of the plan"],
  ['that signed another challenge', { ...signed('other'), challenge }, 'digest-1', 'its passkey signed something else'],
  ['made at an enrolment', signed(challenge, { type: 'webauthn.create' }), 'digest-1', 'its passkey signed something else'],
  ['without the owner', signed(challenge, { flags: 1 }), 'digest-1', 'its passkey did not verify its user'],
  [
    'with flags changed later',
    { ...signed(challenge, { flags: 1 }), authenticator_data: good.authenticator_data },
    'digest-1',
    "its passkey's signature is wrong",
  ],
  ['with a key that is none', { ...good, public_key: 'AAAA' }, 'digest-1', "its passkey's signature is wrong"],
  ['with a signature that is none', { ...good, signature: '' }, 'digest-1', "its passkey's signature is wrong"],
  ['with client data that is none', { ...good, client_data: 'AAAA' }, 'digest-1', 'its passkey signed something else'],
])('%s', async (_what, ...[assertion, digest, says]) => {
  expect(await problemWithAssertion(await recordWith(assertion, digest), assertion)).toBe(says);
});

test('verify looks at every one', async () => {
  const folder = stateFolder();
  const { ledger } = await openIn(folder);
  await ledger.durable({ event: 'approved', digest: 'digest-1', assertion: good });
  await ledger.durable({ event: 'approved', digest: 'digest-9', assertion: good });
  await ledger.close();
  expect(await verifyFolder(folder)).toMatchObject({
    ok: false,
    assertions: 1,
    problems: [{ where: 'ledger.jsonl:2', says: "record 2: its passkey's challenge is not that of the plan" }],
  });
});
