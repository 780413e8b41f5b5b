/** Reads a plan's page as a careful person does: by its rows and columns, and nothing but what stands in them. */

export interface Row {
  readonly path: readonly string[];
  /** JSON; undefined: "not there". */
  readonly before?: string;
  readonly after?: string;
}
export interface PageRead {
  readonly differences: readonly Row[];
  readonly requests: readonly { readonly method: string; readonly path: string; readonly body?: string }[];
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#96': '`' };
const decoded = (text: string): string =>
  text.replace(/&([^;]*);/g, (whole, name: string) => {
    const character = ENTITIES[name];
    if (character === undefined) throw new Error(`an entity that the page does not write: ${whole}`);
    return character;
  });

export function readPage(page: string): PageRead {
  const groups = page.matchAll(/<tbody data-path="([^"]*)">(.*?)<\/tbody>/gs);
  const items = page.matchAll(/<li>\s*<code data-request="line">([^<]*)<\/code\s*>(.*?)<\/li>/gs);
  return {
    differences: [...groups].map(([, path = '', cells = '']) => {
      const heading = /<th scope="rowgroup" colspan="2"><code>([^<]*)<\/code><\/th>/.exec(cells)?.[1] ?? '';
      if (heading !== path) throw new Error('a row is named otherwise than it says');
      return { path: namesIn(decoded(path)), ...cellIn(cells, 'before'), ...cellIn(cells, 'after') };
    }),
    requests: [...items].map(([, line = '', rest = '']) => {
      const [, method = '', path = ''] = /^([A-Z]+) (\S+)$/.exec(decoded(line)) ?? [];
      const body = /<code data-request="body">([^<]*)<\/code>/.exec(rest)?.[1];
      return { method, path, ...(body !== undefined && { body: decoded(body) }) };
    }),
  };
}

function cellIn(cells: string, side: 'before' | 'after'): Readonly<Record<string, string>> {
  const [, json, none] = new RegExp(`<td data-side="${side}">(?:<code>([^<]*)</code>|(<em>not there</em>))</td>`).exec(cells) ?? [];
  if (json === undefined && none === undefined) throw new Error(`a row without the side ${side}`);
  return json === undefined ? {} : { [side]: decoded(json) };
}

/** `traits.name."a.b"`: plain words and JSON strings, with points between them. */
function namesIn(path: string): readonly string[] {
  const names: string[] = [];
  let rest = path;
  for (;;) {
    const [word] = /^(?:"(?:[^"\\]|\\.)*"|[\w-]+)/.exec(rest) ?? [];
    if (word === undefined) throw new Error(`no path: ${path}`);
    names.push(word.startsWith('"') ? String(JSON.parse(word)) : word);
    rest = rest.slice(word.length);
    if (rest === '') return names;
    if (!rest.startsWith('.')) throw new Error(`no path: ${path}`);
    rest = rest.slice(1);
  }
}

/** Its tags in their order, with the names of their attributes: what a value can't have any part in. */
export const skeletonOf = (page: string): readonly string[] =>
  (page.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""').replace(/\s+/g, ' '));
