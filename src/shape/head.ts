/** What we say about a result, in words and numbers of ours only: it stands outside the fence. Pure. */
import type { Fitted } from './fit.ts';
import { isObject, type Json } from './present.ts';

export interface HeadFacts {
  readonly fitted: Fitted;
  /** The member that holds the records: a name from our table of operations, as it is shown. */
  readonly records?: string | undefined;
  /** Characters that nobody could have seen, taken out. */
  readonly removed: number;
  /** Texts that were cut at their cap. */
  readonly cutTexts: number;
  /** A sentence of ours about this result. */
  readonly note?: string | undefined;
}

export function head({ fitted, records, removed, cutTexts, note }: HeadFacts): string {
  const sentences = [
    note,
    records === undefined ? undefined : extent(fitted, records),
    hasDevices(fitted.value) ? 'Devices are client-reported.' : undefined,
    fitted.cut > 0 ? `${count(fitted.cut, 'field')} left out for size, named in cut_fields.` : undefined,
    cutTexts > 0 ? `${count(cutTexts, 'long text')} cut.` : undefined,
    removed > 0 ? `${count(removed, 'invisible character')} removed.` : undefined,
  ];
  return sentences.filter((it) => it !== undefined).join(' ');
}

/** Of the names in our table: `identities`, `sessions`, `schemas`, `messages`. */
const singular = (noun: string) => noun.replace(/ies$/, 'y').replace(/s$/, '');

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** On the result itself, or on the items of one of its lists. What a device says of itself comes from request headers. */
const hasDevices = (value: Json): boolean =>
  'devices' in value || Object.values(value).some((it) => Array.isArray(it) && it.some((item) => isObject(item) && 'devices' in item));

function extent({ value, shown, of }: Fitted, records: string): string {
  const noun = shown === 1 && of === 1 ? singular(records) : records;
  const page = isObject(value['page']) ? value['page'] : undefined;
  const total = typeof page?.['total'] === 'number' ? ` of ${page['total']} in total` : '';
  if (shown < of) return `${shown} of ${of} ${noun}: the others did not fit, ask for fewer at a time.`;
  if (!page) return `${shown} ${noun}.`;
  if (page['complete'] === true) return `${shown} ${noun}${total}, complete.`;
  if (page['next_page_token'] === undefined) return `${shown} ${noun}${total}, not complete.`;
  return `${shown} ${noun}${total}, not complete: page.next_page_token, given as page_token, gets the next.`;
}
