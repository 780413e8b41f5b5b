import { beforeEach, describe, expect, test } from 'vitest';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { seed } from '../../src/seed.ts';
import { asker, body, type Ask } from './ask.ts';

interface Patched {
  readonly metadata_public: unknown;
  readonly verifiable_addresses: readonly { id: string; value: string; verified: boolean; status: string }[];
  readonly credentials: Readonly<Record<string, { identifiers: string[]; config?: unknown }>>;
}
interface Refused {
  readonly error: { readonly message: string; readonly reason?: string };
}
let ask: Ask;
beforeEach(() => {
  ask = asker(createSandbox());
});
const path = `/admin/identities/${seed.ada}`;
type Operations = readonly { readonly op: string; readonly path: string; readonly value?: unknown }[];
const patch = (...operations: Operations) => ask(`PATCH ${path}`, operations);
const patched = async (...operations: Operations) => body<Patched>(await patch(...operations));
const refusal = async (...operations: Operations) => body<Refused>(await patch(...operations), 400).error.message;
const before = () => ask(`GET ${path}`);

describe('JSON Patch as Kratos applies it', () => {
  test('makes the parents that are missing', async () => {
    const { metadata_public } = await patched(
      { op: 'replace', path: '/metadata_public', value: null },
      { op: 'replace', path: '/metadata_public/list/2/x', value: 1 },
    );
    expect(metadata_public).toEqual({ list: [null, null, { x: 1 }] });
  });

  test('counts negative indices from the end', async () => {
    const value = ['a', 'b', 'c'];
    expect(
      (await patched({ op: 'add', path: '/metadata_public/l', value }, { op: 'remove', path: '/metadata_public/l/-1' })).metadata_public,
    ).toMatchObject({ l: ['a', 'b'] });
    expect((await patched({ op: 'replace', path: '/metadata_public/l/-1', value: 'z' })).metadata_public).toMatchObject({ l: ['a', 'z'] });
  });

  test('answers 200 and changes nothing where an address has no such index', async () => {
    const { verifiable_addresses } = await patched({ op: 'replace', path: '/verifiable_addresses/7/verified', value: true });
    expect(verifiable_addresses).toHaveLength(1);
  });

  test('drops members it does not know without a word', async () => {
    expect(await patched({ op: 'add', path: '/nickname', value: 'x' })).not.toHaveProperty('nickname');
  });

  test.each([
    [{ op: 'test', path: '/state', value: 'active' }, 'unsupported operation: test'],
    [{ op: 'replace', path: '/ID', value: 'x' }, 'patch includes denied path: /ID'],
    [{ op: 'remove', path: '/credentials' }, 'patch includes denied path: /credentials'],
    [{ op: 'add', path: '/credentials/oidc/config/x', value: 1 }, 'patch includes denied path: /credentials/oidc/config/x'],
    [
      { op: 'replace', path: '/recovery_addresses/9', value: {} },
      'replace operation does not apply: doc is missing key: /recovery_addresses/9: missing value',
    ],
    [
      { op: 'remove', path: '/traits/none' },
      "error in remove for path: '/traits/none': unable to remove nonexistent key: none: missing value",
    ],
    [
      { op: 'replace', path: '/metadata_public/l/999999999/x', value: 1 },
      'Unable to access invalid index: 999999999: invalid index referenced',
    ],
  ])('refuses %j', async (operation, message) => {
    expect(await refusal(operation)).toBe(message);
  });

  test('applies all or nothing', async () => {
    const { text } = await before();
    await refusal({ op: 'replace', path: '/metadata_public/x', value: 1 }, { op: 'remove', path: '/none' });
    expect((await before()).text).toBe(text);
  });

  test('an address that says the same as before keeps its id, whatever was patched; another one is a new row', async () => {
    const address = async (...operations: Operations) => (await patched(...operations)).verifiable_addresses[0];
    const value = { op: 'replace', path: '/verifiable_addresses/0/value', value: 'other@example.com' };
    const verified = await address();
    const fresh = await address(value);
    expect(fresh).toMatchObject({ value: 'ada.byron@example.com', verified: false, status: 'pending' });
    expect(fresh?.id).not.toBe(verified?.id);
    expect(await address(value)).toEqual(fresh);
    expect(await address({ op: 'remove', path: '/verifiable_addresses' })).toEqual(fresh);
    const again = await address({ op: 'replace', path: '/verifiable_addresses/0/verified', value: true });
    expect(again).toMatchObject({ id: fresh?.id, verified: true });
  });

  test('keeps the login identifier of an e-mail that is gone', async () => {
    await patched({ op: 'replace', path: '/schema_id', value: 'employee' }, { op: 'replace', path: '/traits', value: { department: 'x' } });
    const { credentials, verifiable_addresses } = body<Patched>(await before());
    expect(credentials['password']?.identifiers).toEqual(['ada', 'ada.byron@example.com']);
    expect(verifiable_addresses).toBeUndefined();
  });
});
