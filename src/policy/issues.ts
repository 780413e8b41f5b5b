/** What the schema says of a wrong file, turned into one sentence and the place that it is about. Pure. */
import type { z } from 'zod';
import type { Plain, Position } from './yaml.ts';

type Issue = z.core.$ZodIssue;
export interface Wrong {
  readonly at: Position;
  readonly reason: string;
  /** A name that is missing is often one that is misspelt, and that one is told then. */
  readonly isMissing?: boolean;
}

/** The first one in the file. */
export function firstWrong(issues: readonly Issue[], plain: Plain): Wrong {
  const all = issues.map((it) => wrongOf(it, plain));
  const rank = (it: Wrong) => (it.isMissing === true ? 1 : 0);
  const [first] = all.sort((a, b) => rank(a) - rank(b) || a.at.line - b.at.line || a.at.column - b.at.column);
  return first ?? { at: { line: 1, column: 1 }, reason: 'the file cannot be used' };
}

function wrongOf(issue: Issue, plain: Plain): Wrong {
  const found = insideUnion(issue);
  const { path } = found;
  if (found.code === 'unrecognized_keys') {
    const [key = ''] = found.keys;
    return { at: plain.keyAt(path, key), reason: `${nameOf([...path, key])} ${found.message}` };
  }
  const [key] = found.code === 'invalid_key' ? path.slice(-1) : [];
  if (key !== undefined)
    return { at: plain.keyAt(path.slice(0, -1), String(key)), reason: `${nameOf(path.slice(0, -1))}: ${messageOf(found)}` };
  const isMissing = isUndefined(found) || valueAt(plain.content, path) === undefined;
  const parent = path.slice(0, -1);
  if (isMissing && path.length > 0) return { at: plain.valueAt(parent), reason: `${nameOf(path)} is missing`, isMissing: true };
  return { at: plain.valueAt(path), reason: `${nameOf(path)}: ${messageOf(found)}` };
}

const isUndefined = (issue: Issue): boolean => issue.code === 'invalid_type' && issue.input === undefined && 'input' in issue;

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Readonly<Record<PropertyKey, unknown>>)[key] : undefined, // the cast: an object
    content,
  );
}

/** Of alternatives, the one that the author meant: where something inside was wrong rather than the kind of value. */
function insideUnion(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const isAnotherKind = ({ code, path }: Issue) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
  const inner = issue.errors.map(([first]) => first).find((it) => it !== undefined && !isAnotherKind(it));
  if (inner === undefined) return issue;
  return insideUnion({ ...inner, path: [...issue.path, ...inner.path] });
}

function messageOf(issue: Issue): string {
  const isOurs = !/^(?:Invalid|Too) /.test(issue.message);
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (isOurs) return issue.message;
  if (issue.code === 'invalid_union') return expectedOf(issue);
  if (issue.code === 'invalid_value') return `must be ${wordsOf(issue.values.map(String))}`;
  if (issue.code === 'invalid_type') return `must be ${KINDS[issue.expected] ?? issue.expected}`;
  if (issue.code === 'too_big') return `must be at most ${String(issue.maximum)}`;
  return issue.code === 'too_small' ? `must be at least ${String(issue.minimum)}` : issue.message;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  array: 'a list',
  object: 'a mapping',
};

/** Where no alternative comes near. */
function expectedOf(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const kinds = issue.errors.flatMap(([it]) => (it === undefined ? [] : [messageOf(it).replace(/^must be /, '')]));
  return `must be ${wordsOf([...new Set(kinds)])}`;
}

const wordsOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** `rules[2].target`, counted from 1 as people count. */
function nameOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the file';
  return path.reduce<string>(
    (name, it) => (typeof it === 'number' ? `${name}[${it + 1}]` : name === '' ? String(it) : `${name}.${String(it)}`),
    '',
  );
}
