/**
 * Words of other people, made safe to show: what a reader can't see is removed and counted, length is capped and the cut is marked.
 * Pure; the walk over whole results is in shape/clean.ts.
 */

/**
 * Control and format characters (bidirectional, zero-width, tags, soft hyphen), surrogates, private use, unassigned, line and paragraph
 * separators, variation selectors, and the letters that are drawn as blanks. Takes ZWJ emoji and Persian ZWNJ apart: a known cost.
 */
const UNSEEN =
  /\p{Cc}|\p{Cf}|\p{Cs}|\p{Co}|\p{Cn}|[\u2028\u2029\u2800\u3164\uFFA0\u115F\u1160\u180E]|\u034F|\u17B4|\u17B5|[\u180B-\u180D\u180F]|[\u{FE00}-\u{FE0F}]|[\u{E0100}-\u{E01EF}]/gu;

export interface Cleaned {
  readonly text: string;
  /** How many characters were removed because no reader could have seen them. */
  readonly removed: number;
  /** How many characters the cap cut off. */
  readonly cut: number;
}

/** Line breaks and tabs become blanks; everything unseen goes; at most `cap` characters (code points) stay. */
export function clean(raw: string, cap: number): Cleaned {
  let removed = 0;
  const seen = raw.replace(/\r\n|[\n\r\t]/g, ' ').replace(UNSEEN, () => {
    removed += 1;
    return '';
  });
  if (seen.length <= cap) return { text: seen, removed, cut: 0 };
  const points = Array.from(seen);
  if (points.length <= cap) return { text: seen, removed, cut: 0 };
  const cut = points.length - cap;
  return { text: `${points.slice(0, cap).join('')}…(+${cut})`, removed, cut };
}

const said: unique symbol = Symbol('said');
/** A line for a person in which every word of others is quoted. Only `say` makes one. */
export type Said = string & { readonly [said]: true };

const QUOTED_CAP = 80;
/**
 * A value in quotation marks, on one line; marks inside it are turned into plain apostrophes so that it can't close its own quotation. A
 * blank breaks what a client might draw as a link or as markup.
 */
export function quote(value: string, cap = QUOTED_CAP): string {
  const { text } = clean(value, cap);
  const flat = text.replace(/["“”„‟«»‹›＂❝❞〝〞]/gu, "'").replace(LINKING, '$& ');
  return `“${flat}”${mixesAlphabets(text) ? ' (letters of several alphabets: it may not be what it looks like)' : ''}`;
}

/** `http://`, `www.`, `<b>`, `[text](address)`. */
const LINKING = /:(?=\/\/)|\bwww(?=\.)|<(?=\S)|\](?=[([])/gi;

/** Whether a single word has letters that look alike out of different alphabets, as no honest word has. */
function mixesAlphabets(text: string): boolean {
  const words = text.match(/[\p{L}\p{M}]+/gu) ?? [];
  return words.some((it) => [/\p{scx=Latin}/u, /\p{scx=Cyrillic}/u, /\p{scx=Greek}/u].filter((alphabet) => alphabet.test(it)).length > 1);
}

/** `say\`Signs ${label} out of ${3} sessions.\``: every string is quoted; numbers and words of ours (`own`) stand as they are. */
export function say(parts: TemplateStringsArray, ...values: readonly (string | number | Own)[]): Said {
  const text = parts.reduce((line, part, index) => {
    const value = values[index - 1];
    return line + (typeof value === 'string' ? quote(value) : value instanceof Own ? value.text : String(value)) + part;
  });
  return text as Said; // the only maker of the brand
}

/** Words of ours inside a `say` (a tool's name, a line already said): not quoted. Never wrap what a user or an agent wrote. */
export class Own {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
export const own = (text: string): Own => new Own(text);
