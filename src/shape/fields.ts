/** Keeps the named parts of a value. Names are dotted; a member whose own name holds dots is found too, and arrays are looked into. Pure. */
import { isObject } from './present.ts';

/** What is left of `value`, or undefined where nothing is. */
export function pick(value: unknown, paths: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((it: unknown) => pick(it, paths) ?? {});
  if (!isObject(value)) return undefined;
  const kept: [string, unknown][] = [];
  for (const [key, member] of Object.entries(value)) {
    const part = paths.includes(key) ? member : pickBelow(member, below(key, paths));
    if (part !== undefined) kept.push([key, part]);
  }
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

const below = (key: string, paths: readonly string[]) =>
  paths.filter((it) => it.startsWith(`${key}.`)).map((it) => it.slice(key.length + 1));
const pickBelow = (member: unknown, paths: readonly string[]) => (paths.length > 0 ? pick(member, paths) : undefined);

/** Whether one of the dotted names is `name` or leads into it. */
export const names = (paths: readonly string[], name: string) => paths.some((it) => it === name || it.startsWith(`${name}.`));
