/** A stub Kratos on loopback with 250 people as Kratos would describe them. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Stub {
  readonly url: string;
  readonly ids: readonly string[];
  close(): Promise<void>;
}

const FIRST = [
  'Amina',
  'Bjarne',
  'Chloé',
  'Dmitri',
  'Esra',
  'Farid',
  'Giulia',
  'Hiroshi',
  'Ines',
  'Jonas',
  'Katarzyna',
  'Liam',
  'Mei',
  'Nnamdi',
  'Olga',
];
const LAST = [
  'Okafor',
  'Lindqvist',
  'Moreau',
  'Petrov',
  'Yılmaz',
  'Haddad',
  'Bianchi',
  'Tanaka',
  'Carvalho',
  'Weber',
  'Nowak',
  'Murphy',
  'Zhang',
];

function person(index: number): Readonly<Record<string, unknown>> {
  const [first = '', last = ''] = [FIRST[index % FIRST.length], LAST[index % LAST.length]];
  const email = `${first}.${last}${index}@example.com`
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^\x20-\x7e]/g, '');
  const created = new Date(Date.UTC(2025, index % 12, 1 + (index % 28), index % 24, index % 60, index % 60))
    .toISOString()
    .replace('Z', `${String(index).padStart(3, '0')}Z`);
  const address = { value: email, via: 'email', created_at: created, updated_at: created };
  return {
    id: randomUUID(),
    schema_id: 'default',
    schema_url: 'http://127.0.0.1:4433/schemas/ZGVmYXVsdA',
    state: 'active',
    state_changed_at: created,
    traits: { email, name: { first, last } },
    verifiable_addresses: [
      {
        id: randomUUID(),
        ...address,
        verified: index % 4 !== 0,
        status: index % 4 === 0 ? 'sent' : 'completed',
        ...(index % 4 !== 0 && { verified_at: created }),
      },
    ],
    recovery_addresses: [{ id: randomUUID(), ...address }],
    metadata_public: null,
    metadata_admin: null,
    created_at: created,
    updated_at: created,
    organization_id: null,
  };
}

export async function startStub(): Promise<Stub> {
  const people = Array.from({ length: 250 }, (_, index) => person(index)).toSorted((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
  const byId = new Map(people.map((it) => [String(it['id']), JSON.stringify(it)]));
  const list = JSON.stringify(people);
  const link = '</admin/identities?page_size=250&page_token=00000000-0000-0000-0000-000000000000>; rel="first"';
  const session = { id: randomUUID(), active: true, authenticated_at: '2026-01-01T00:00:00Z', devices: [] };
  const sessions = JSON.stringify([session]);
  const server = createServer((request, response) => {
    if (request.url?.includes('/sessions') === true) {
      const isList = request.method === 'GET';
      response
        .writeHead(isList ? 200 : 204, { 'content-type': 'application/json', 'x-total-count': '1' })
        .end(isList ? sessions : undefined);
      return;
    }
    const path = (request.url ?? '').split('?')[0] ?? '';
    const body = path === '/admin/identities' ? list : byId.get(path.replace('/admin/identities/', ''));
    const headers = { 'content-type': 'application/json; charset=utf-8', ...(path === '/admin/identities' && { link }) };
    response
      .writeHead(body === undefined ? 404 : 200, headers)
      .end(body ?? '{"error":{"code":404,"message":"Unable to locate the resource"}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // listening on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    ids: [...byId.keys()],
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
