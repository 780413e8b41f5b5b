/** The login identifiers that Kratos will make of traits. Pure. */
import type { IdentifierForm } from './marks.ts';
import { isObject } from './present.ts';
import { traitMarks } from './traits.ts';

/** In the schema's order, as Kratos stores them. Only from marks that are understood. */
export function loginIdentifiers(schema: unknown, traits: unknown): readonly string[] {
  const found = traitMarks(schema).traits.flatMap(({ path, forms }) => {
    const values = valuesAt(traits, path).filter((it) => typeof it === 'string');
    return values.flatMap((value) => forms.map((form) => STORED[form](value.trim().toLowerCase())));
  });
  return [...new Set(found.filter((it) => it !== ''))];
}

const STORED: Readonly<Record<IdentifierForm, (text: string) => string>> = { text: (it) => it, phone: e164 };

/** `+49 (0) 170 1234-567` → `+491701234567`. What is no plain international number stays as it is: Kratos asks libphonenumber, and may refuse it. */
function e164(text: string): string {
  const bare = text.replaceAll('(0)', '').replace(/[\s()./-]/g, '');
  return /^\+[1-9]\d{6,14}$/.test(bare) ? bare : text;
}

function valuesAt(value: unknown, path: readonly string[]): readonly unknown[] {
  const [head, ...rest] = path;
  if (head === undefined) return [value];
  if (Array.isArray(value)) return head === '*' ? value.flatMap((it: unknown) => valuesAt(it, rest)) : [];
  return isObject(value) && Object.hasOwn(value, head) ? valuesAt(value[head], rest) : [];
}
