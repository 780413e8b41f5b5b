/** Identities as Kratos v26.2.0 answers them, as many as wanted, always the same. */
import { KratosIdentity, KratosSession } from '../../src/client/bodies.ts';

const FIRST = 'Ada Grace Linus Margaret Radia Donald Barbara Edsger Frances Tim Hedy Alan Shafi Jürgen Wei Aïcha Oluwaseun Dmitri'.split(
  ' ',
);
const LAST =
  'Byron Murray Hamilton Perlman Knuth Liskov Dijkstra Allen Lee Lamarr Turing Goldwasser Müller Zhang Diop Adeyemi Ivanov'.split(' ');

/** A small generator of the Park–Miller kind: the same numbers in each run. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

const hex = (next: () => number, digits: number) => Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('');
const uuid = (next: () => number) => `${hex(next, 8)}-${hex(next, 4)}-4${hex(next, 3)}-a${hex(next, 3)}-${hex(next, 12)}`;
const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
const time = (next: () => number) =>
  `2026-${two(1 + next() * 11)}-${two(1 + next() * 27)}T${two(next() * 24)}:${two(next() * 60)}:${two(next() * 60)}.${hex(next, 6).replace(/\D/g, '7')}Z`;
const one = (list: readonly string[], next: () => number) => list[Math.floor(next() * list.length)] ?? '';

export function person(next: () => number): Record<string, unknown> {
  const [first, last] = [one(FIRST, next), one(LAST, next)];
  const email = `${first}.${last}${Math.floor(next() * 90)}@example.com`.toLowerCase();
  const created = time(next);
  const employee = next() < 0.25;
  return {
    id: uuid(next),
    schema_id: employee ? 'employee' : 'default',
    schema_url: `https://auth.example.com/schemas/${employee ? 'ZW1wbG95ZWU' : 'ZGVmYXVsdA'}`,
    state: next() < 0.9 ? 'active' : 'inactive',
    state_changed_at: created.replace('Z', '067Z'),
    traits: employee ? { email, department: 'Support' } : { email, name: { first, last } },
    verifiable_addresses: [
      { id: uuid(next), value: email, verified: next() < 0.7, via: 'email', status: 'completed', created_at: created, updated_at: created },
    ],
    recovery_addresses: [{ id: uuid(next), value: email, via: 'email', created_at: created, updated_at: created }],
    metadata_public: next() < 0.3 ? { plan: 'pro' } : null,
    metadata_admin: next() < 0.2 ? { note: 'called twice about an invoice' } : null,
    created_at: created,
    updated_at: next() < 0.5 ? created : time(next),
    organization_id: employee ? '0d0d0d0d-0000-4000-8000-000000000001' : null,
  };
}

export const people = (count: number, seed = 7): readonly Record<string, unknown>[] => {
  const next = numbers(seed);
  return Array.from({ length: count }, () => person(next));
};

export const identity = (json: unknown) => KratosIdentity.parse(json);
export const session = (json: unknown) => KratosSession.parse(json);

export const NONCE = '3f0c9a61b2d84e7795aa10c4d6e8f213';
