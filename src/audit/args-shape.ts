/** Names and kinds of arguments, never values: what a record may say of them. Pure. */

const MOST_NAMES = 40;
/** As arguments and traits are called. Anything else may be a value that stands in the place of a name (an address as a key). */
const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,39}$/;

/** `{ id: 'string', json_patch: 'array(2)', traits: 'object(1)', 'traits.email': 'string' }`; one level deep. What is no plain name is counted in `?`. */
export function argsShape(input: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const shape = new Map<string, string>();
  let others = 0;
  const add = (path: string, name: string, value: unknown): boolean => {
    if (!NAME.test(name) || shape.size >= MOST_NAMES) {
      others += 1;
      return false;
    }
    shape.set(path + name, kindOf(value));
    return true;
  };
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue;
    if (!add('', name, value) || !isObject(value)) continue;
    for (const [inner, it] of Object.entries(value)) if (it !== undefined) add(`${name}.`, inner, it);
  }
  if (others > 0) shape.set('?', `${others} more`);
  return Object.fromEntries(shape);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `array(${value.length})`;
  if (isObject(value)) return `object(${Object.keys(value).length})`;
  return typeof value;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
