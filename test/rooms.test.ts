/** The levels: what a room may import. This table is the one place that holds them; lint keeps cycles out. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

/** A room is a folder, or a file that differs from its folder. It may import lower levels, and itself. */
const LEVELS: Readonly<Record<string, number>> = {
  'index.ts': 7,
  'cli/': 6,
  'server/': 5,
  'pipeline.ts': 4,
  'call/': 3,
  'tools/': 2,
  'resources/': 2,
  'approval/': 2,
  'sandbox/': 2,
  'page/': 2,
  'auth/': 2,
  'ops/': 2,
  'operation.ts': 1,
  'client/': 1,
  'policy/': 1,
  'shape/': 1,
  'audit/': 1,
  'store/': 1,
  'config/': 1,
  'listen.ts': 1,
  'client/endpoints.ts': 0,
  'client/types.ts': 0,
  'caller.ts': 0,
  'assurance.ts': 0,
  'trace.ts': 0,
  'errors.ts': 0,
  'seed.ts': 0,
  'lib/': 0,
};

/** The neighbours on one level that know each other, and why. */
const NEIGHBOURS: readonly (readonly [room: string, imports: string, why: string])[] = [
  ['policy/', 'operation.ts', 'judges effects, whose type is there'],
  ['store/', 'operation.ts', 'keeps plans, whose effects and chains are named there'],
  ['store/', 'policy/policy.ts', 'keeps what a policy requires of a yes, and counts by its limits'],
  ['audit/', 'store/folder.ts', 'lies in the state folder and hashes by its key'],
  ['audit/', 'store/file-lock.ts', 'appends under the same kind of lock'],
  ['shape/', 'client/bodies.ts', 'projects what Kratos sends, whose types are there'],
  ['audit/', 'operation.ts', 'names the operation and the targets of a plan'],
  ['page/', 'auth/person.ts', 'an approver is the same person as the caller, by the same rule'],
  ['client/types.ts', 'client/endpoints.ts', 'the call is typed by the table of routes'],
];

/** The sandbox is the other side of the wire: of the client it knows the wire's table and types. */
const SANDBOX_KNOWS = ['client/endpoints.ts', 'client/types.ts', 'errors.ts', 'seed.ts', 'lib/', 'sandbox/'];

const SRC = join(import.meta.dirname, '../src');
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((it) => it.endsWith('.ts'));

/** The most exact row of the table. */
const roomOf = (file: string): string | undefined =>
  Object.hasOwn(LEVELS, file) ? file : Object.keys(LEVELS).find((it) => it === `${file.split('/')[0]}/`);

interface Import {
  readonly from: string;
  readonly to: string;
}
function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const found = text.matchAll(/(?:^|[;}\s])(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map(([, path = '']) => ({ from: file, to: relative(SRC, join(SRC, dirname(file), path)) }));
}
const imports = files.flatMap(importsOf).filter(({ to }) => !to.startsWith('..')); // package.json, for the version

function isAllowed({ from, to }: Import): boolean {
  const [room, other] = [roomOf(from), roomOf(to)];
  if (room === undefined || other === undefined) return false;
  if (room === other) return true;
  if (NEIGHBOURS.some(([it, its]) => it === room && (its === other || its === to))) return true;
  return (LEVELS[other] ?? 9) < (LEVELS[room] ?? 0);
}

test('every file is in a room of the table', () => {
  expect(files.filter((it) => roomOf(it) === undefined)).toEqual([]);
});

test('an import goes to a lower level, or to a listed neighbour', () => {
  expect(imports.length).toBeGreaterThan(100);
  expect(imports.filter((it) => !isAllowed(it))).toEqual([]);
});

test('every listed neighbour is used', () => {
  const unused = NEIGHBOURS.filter(
    ([room, its]) => !imports.some(({ from, to }) => roomOf(from) === room && (its === roomOf(to) || its === to)),
  );
  expect(unused).toEqual([]);
});

test('the sandbox knows the wire and nothing else of this server', () => {
  const own = imports.filter(({ from }) => roomOf(from) === 'sandbox/');
  expect(own.length).toBeGreaterThan(0);
  expect(own.filter(({ to }) => !SANDBOX_KNOWS.includes(roomOf(to) ?? ''))).toEqual([]);
});

test('only what carries a call out and the composition hold a client that could write', () => {
  const writers = imports.filter(({ from, to }) => to === 'client/kratos.ts' && !/^(?:client|cli)\//.test(from)).map(({ from }) => from);
  expect(writers).toEqual(['call/execute.ts']);
});
