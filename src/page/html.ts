/** HTML by one tagged template that escapes every value. There is no other way from a string to the page. Pure. */

/** Markup that `html` made. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
export type Part = string | number | Html | undefined | false | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };
const escaped = (text: string): string => text.replace(/[&<>"'`]/g, (it) => ENTITIES[it] ?? '');

function rendered(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
  return part.map(rendered).join('');
}

/** Values stand in text or inside a quoted attribute; nowhere else. */
export const html = (parts: TemplateStringsArray, ...values: readonly Part[]): Html =>
  new Html(parts.reduce((text, part, index) => text + rendered(values[index - 1]) + part));

/**
 * JSON text with every character that no reader sees written as an escape, so that nothing is hidden in it and it still parses to the same
 * value.
 */
export const seenJson = (json: string): string =>
  json.replace(UNSEEN, (it) =>
    it === '\n' // between members, where JSON is laid out: inside of its strings there is none
      ? it
      : it
          .split('')
          .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
          .join(''),
  );

/** As in lib/text.ts, which drops what this spells out. Outside of strings, JSON has none of these. */
const UNSEEN =
  /\p{Cc}|\p{Cf}|\p{Cs}|\p{Co}|\p{Cn}|[\u2028\u2029\u2800\u3164\uFFA0\u115F\u1160\u180E]|\u034F|\u17B4|\u17B5|[\u180B-\u180D\u180F]|[\u{FE00}-\u{FE0F}]|[\u{E0100}-\u{E01EF}]/gu;
