/** Random calls of the tools that write what somebody else made up: an account as it is, and what is to become of it. */
import fc from 'fast-check';

export type Json = null | boolean | number | string | readonly Json[] | Doc;
export interface Doc {
  readonly [name: string]: Json;
}

export interface Case {
  readonly tool: 'patch_identity' | 'update_identity' | 'create_identity' | 'batch_patch_identities';
  /** What the account has before: metadata and the free part of its traits. */
  readonly before: Free;
  /** `ID` and `EMAIL 1` in it stand for what is made so that no two accounts clash. */
  readonly args: Doc;
}
interface Free {
  readonly name: Doc;
  readonly metadata_public: Doc | null;
  readonly metadata_admin: Doc | null;
}

/** What a page, a form or a log could trip over. */
const NASTY = [
  '"',
  "'",
  '`',
  '\\',
  '<script>alert(1)</script>',
  '</code></td><td data-side="after"><code>"x"</code>',
  '" onmouseover="x',
  '&lt;b&gt;',
  '&amp;amp;',
  '<!--',
  ']]>',
  '\n',
  '\r\n',
  '\t',
  '\0',
  '\u202Eevil\u202C',
  '\u200B',
  '\u2028',
  '\uFEFF',
  '\u00A0',
  '\u{E0041}',
  '\u0301',
  '😀',
  '👩‍👩‍👧',
  '日本',
  '\u007F',
  '\\u0041',
  'null',
  '"not there"',
  '(hidden)',
  '{}',
  '$ref',
  '{"a":1}',
];
const codePoint = fc.integer({ min: 0, max: 0x10ffff - 0x800 }).map((it) => String.fromCodePoint(it < 0xd800 ? it : it + 0x800));
/** Well-formed Unicode: half of a surrogate pair is refused before anything else. */
const text = fc.oneof(
  fc.array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ maxLength: 4 })), { maxLength: 4 }).map((it) => it.join('')),
  fc.array(codePoint, { maxLength: 8 }).map((it) => it.join('')),
);
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, 1, -1, 0.1, 1.5e-7, 123_456.789, 9_007_199_254_740_991, 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map((it) => (Number.isInteger(it) ? Math.trunc(it) + 0 : it)),
);
const REPARENTING = ['__proto__', 'constructor', 'prototype'];
const member = fc
  .oneof(fc.constantFrom('a', 'b', '0', '1', 'a.b', 'a b', '"a"', '', '.', '<b>', 'ключ', '-', 'length', 'ſ', 'id'), text)
  .filter((it) => !REPARENTING.includes(it));
/** What a path of a patch may name: no reader would see the others. */
const pathMember = fc.constantFrom(
  'a',
  'b',
  'c',
  '0',
  '1',
  'a.b',
  'a b',
  '"a"',
  "it's",
  '.',
  '..',
  '<b>',
  'a/b',
  '~',
  'ключ',
  'length',
  '&amp;',
  '日本',
);

const leaf: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 2, arbitrary: number },
  fc.boolean(),
  fc.constantFrom<Json>(null, {}, []),
);
const entries = (value: fc.Arbitrary<Json>, names = member) =>
  fc.uniqueArray(fc.tuple(names, value), { maxLength: 3, selector: ([name]) => name }).map((it): Doc => Object.fromEntries(it));
const inner: fc.Arbitrary<Json> = fc.oneof({ weight: 3, arbitrary: leaf }, fc.array(leaf, { maxLength: 3 }), entries(leaf));
const value: fc.Arbitrary<Json> = fc.oneof({ weight: 3, arbitrary: leaf }, fc.array(inner, { maxLength: 3 }), entries(inner));
const doc = fc.oneof(entries(value), entries(value, pathMember));
/** In the schema of the sandbox a name may have any members; these two are texts. */
const name = fc
  .tuple(doc, fc.option(text, { nil: undefined }))
  .map(([{ first: _first, last: _last, ...free }, first]): Doc => (first === undefined ? free : { ...free, first }));
const metadata = fc.option(doc, { nil: null, freq: 4 });
const free = fc.record({ name, metadata_public: metadata, metadata_admin: metadata });

const credentials = fc.option(
  text.filter((it) => it !== '').map((password): Doc => ({ password: { config: { password: `long-enough-9-${password}` } } })),
  { nil: undefined, freq: 3 },
);

const update = fc
  .record({ before: free, after: free, more: more(), credentials })
  .map(({ before, after, more: extra, credentials: secret }): Case => ({
    tool: 'update_identity',
    before,
    args: { id: 'ID', ...body(after, 0), ...extra, ...(secret && { credentials: secret }) },
  }));
const create = fc.record({ after: free, more: more(), credentials }).map(({ after, more: extra, credentials: secret }): Case => ({
  tool: 'create_identity',
  before: { name: {}, metadata_public: null, metadata_admin: null },
  args: { ...body(after, 1), ...extra, ...(secret && { credentials: secret }) },
}));
const batch = fc.array(fc.record({ after: free, credentials }), { minLength: 1, maxLength: 3 }).map((items): Case => ({
  tool: 'batch_patch_identities',
  before: { name: {}, metadata_public: null, metadata_admin: null },
  args: {
    identities: items.map(({ after, credentials: secret }, index) => ({
      create: { ...body(after, index + 1), ...(secret && { credentials: secret }) },
    })),
  },
}));

/** What else may be said of an account. */
function more(): fc.Arbitrary<Doc> {
  return fc.record({ state: fc.constantFrom('active', 'inactive') }, { requiredKeys: [] });
}
const body = ({ name: its, metadata_public, metadata_admin }: Free, email: number): Doc => ({
  traits: { email: `EMAIL ${email}`, name: its },
  ...(metadata_public !== null && { metadata_public }),
  metadata_admin,
});

interface Step {
  readonly kind: 'add' | 'replace' | 'remove' | 'whole' | 'state' | 'external';
  /** Which of the places that there are. */
  readonly at: number;
  readonly name: string;
  readonly value: Json;
}
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('add', 'add', 'replace', 'replace', 'remove', 'whole', 'state', 'external'),
  at: fc.nat(1000),
  name: pathMember,
  value,
});
const patch = fc.tuple(free, fc.array(step, { minLength: 1, maxLength: 3 })).map(([before, steps]): Case => ({
  tool: 'patch_identity',
  before,
  args: { id: 'ID', json_patch: steps.map((it) => operationOf(it, before)) },
}));

function operationOf({ kind, at, name: named, value: its }: Step, before: Free): Doc {
  const below = { traits: { name: before.name }, metadata_public: before.metadata_public, metadata_admin: before.metadata_admin };
  const places = placesIn(below, '').filter((it) => it !== '/traits' && it !== '/traits/name');
  const place = places[at % places.length] ?? '/metadata_public/a';
  const holders = ['/metadata_public', '/metadata_admin', '/traits/name', ...places.filter((it) => it.split('/').length > 2)];
  const holder = holders[at % holders.length] ?? '/metadata_public';
  const operations: Readonly<Record<Step['kind'], Doc>> = {
    add: { op: 'add', path: `${holder}/${escaped(named)}`, value: its },
    replace: { op: 'replace', path: place, value: place.split('/').length > 2 || isDoc(its) ? its : null },
    remove: { op: 'remove', path: place },
    whole: { op: 'replace', path: at % 2 === 0 ? '/metadata_public' : '/metadata_admin', value: isDoc(its) ? its : { whole: its } },
    state: { op: 'replace', path: '/state', value: at % 2 === 0 ? 'inactive' : 'active' },
    external: { op: 'add', path: '/external_id', value: `ext <b>"${at}"` },
  };
  return operations[kind];
}

const isDoc = (it: Json): it is Doc => typeof it === 'object' && it !== null && !Array.isArray(it);
const escaped = (segment: string): string => segment.replaceAll('~', '~0').replaceAll('/', '~1');

function placesIn(its: Json, path: string): readonly string[] {
  const below = Array.isArray(its)
    ? its.flatMap((it, index) => placesIn(it, `${path}/${index}`))
    : isDoc(its)
      ? Object.entries(its).flatMap(([key, it]) => placesIn(it, `${path}/${escaped(key)}`))
      : [];
  return path === '' ? below : [path, ...below];
}

export const calls: fc.Arbitrary<Case> = fc.oneof(
  { weight: 5, arbitrary: patch },
  { weight: 3, arbitrary: update },
  { weight: 1, arbitrary: create },
  { weight: 1, arbitrary: batch },
);

/** With what stands for nothing yet filled in. */
export const filled = (args: Doc, { id, email }: { readonly id: string; readonly email: (index: number) => string }): Doc =>
  JSON.parse(
    JSON.stringify(args)
      .replaceAll('"ID"', JSON.stringify(id))
      .replace(/"EMAIL (\d)"/g, (_, index) => JSON.stringify(email(Number(index)))),
  ) as Doc;
