/** Traits against their identity schema, with the error text of Kratos' validator. ajv is loaded when the first identity is written. */
import type { ErrorObject } from 'ajv';
import { ExactNumber } from '../lib/json.ts';
import { badRequest } from './envelope.ts';
import { derive, isEmail, isPhone, notValid, type Derived, type Place, type Problem } from './extensions.ts';
import { isObject, kindOf, type Json, type JsonObject } from './go/json.ts';

/** What follows from the traits. Throws a `Refusal` where they don't fit their schema. */
export type Validate = (schema: JsonObject, traits: Json) => Derived;

let loading: Promise<Validate> | undefined;
/** The validator; loads it the first time. */
export const validator = (): Promise<Validate> => (loading ??= load());

async function load(): Promise<Validate> {
  const { Ajv } = await import('ajv');
  // The two worlds have an employee's schema each, under one `$id`: ajv is not to keep them by it.
  const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, addUsedSchema: false, formats: { email: isEmail, tel: isPhone } });
  return (schema, traits) => {
    const check = ajv.compile(schema); // once: ajv keeps what it has compiled
    const derived = derive(schema, traits);
    const errors = check({ traits: doubles(traits) }) ? [] : (check.errors ?? []);
    const problems = [...fromAjv(errors), ...derived.problems];
    if (problems.length > 0) throw badRequest(explain(problems, { instance: '', schema: '' }).join('\n'));
    return derived;
  };
}

/** ajv takes an `ExactNumber` for an object; the nearest double is judged in its place. */
function doubles(value: Json): unknown {
  if (value instanceof ExactNumber) return Math.min(Math.max(Number(value.text), -Number.MAX_VALUE), Number.MAX_VALUE);
  if (Array.isArray(value)) return value.map((it: Json) => doubles(it));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, doubles(it)]));
}

const parent = (pointer: string): string => pointer.slice(0, pointer.lastIndexOf('/'));

/** ajv's errors as one line of Kratos each. A value of the wrong type is judged by nothing else. */
function fromAjv(errors: readonly ErrorObject[]): Problem[] {
  const mistyped = new Set(errors.filter((it) => it.keyword === 'type').map((it) => `${it.instancePath} ${parent(it.schemaPath)}`));
  const problems = new Map<string, Problem>();
  for (const error of errors) {
    const node = `${error.instancePath} ${parent(error.schemaPath)}`;
    if (error.keyword !== 'type' && mistyped.has(node)) continue;
    const schema = error.schemaPath.replace(/^#/, '');
    // ajv names each missing or superfluous property in an error of its own, Kratos all of them in one line.
    const alike = errors.filter((it) => it.keyword === error.keyword && it.instancePath === error.instancePath);
    problems.set(`${error.instancePath} ${schema}`, { instance: error.instancePath, schema, message: message(error, alike) });
  }
  // Kratos judges the format of a value before everything else about it.
  const isFormat = (it: Problem) => Number(it.schema.endsWith('/format'));
  return [...problems.values()].sort((a, b) => isFormat(b) - isFormat(a));
}

const quoted = (names: readonly unknown[]): string => names.map((it) => JSON.stringify(it)).join(', ');

function message(error: ErrorObject, alike: readonly ErrorObject[]): string {
  const { keyword, params, data } = error;
  const limit = String(params['limit']);
  switch (keyword) {
    case 'type':
      return `expected ${[params['type']].flat().join(' or ')}, but got ${kindOf(data)}`;
    case 'required':
      return `missing properties: ${quoted(alike.map((it) => it.params['missingProperty']))}`;
    case 'additionalProperties':
      return `additionalProperties ${quoted(alike.map((it) => it.params['additionalProperty']))} not allowed`;
    case 'format':
      return notValid(String(data), String(params['format']));
    case 'minLength':
      return `length must be >= ${limit}, but got ${Array.from(String(data)).length}`;
    case 'maxLength':
      return `length must be <= ${limit}, but got ${Array.from(String(data)).length}`;
    default:
      return error.message ?? keyword;
  }
}

/** One problem is a line; several under one node stand below `validation failed`, two blanks deeper. */
function explain(problems: readonly Problem[], at: Place): string[] {
  const own = problems.filter((it) => parent(it.schema) === at.schema);
  const below = new Map<string, Problem[]>();
  for (const problem of problems) {
    if (own.includes(problem)) continue;
    const step = /^\/(?:properties\/[^/]+|items|[^/]+)/.exec(problem.schema.slice(at.schema.length))?.[0] ?? '';
    // An item of an array is a node of its own, though its schema is that of the others.
    const depth = at.instance.split('/').length;
    const child = `${step} ${problem.instance
      .split('/')
      .slice(0, depth + 1)
      .join('/')}`;
    below.set(child, [...(below.get(child) ?? []), problem]);
  }
  const line = (it: Problem) => [`I[#${it.instance}] S[#${it.schema}] ${it.message}`];
  // Superfluous members are looked for after the known ones have been judged.
  const isLast = (it: Problem) => it.schema.endsWith('/additionalProperties');
  const children = [
    ...own.filter((it) => !isLast(it)).map(line),
    ...[...below].map(([child, some]) => {
      const [step = '', instance = ''] = child.split(' ');
      return explain(some, { instance, schema: at.schema + step });
    }),
    ...own.filter(isLast).map(line),
  ];
  if (children.length === 1) return children.flat();
  return [`I[#${at.instance}] S[#${at.schema}] validation failed`, ...children.flat().map((line) => `  ${line}`)];
}
