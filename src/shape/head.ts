/** What we say about a result, in words and numbers of ours only: it stands outside the fence. Pure. */
import type { Fitted } from './fit.ts';
import { isObject, type Json } from './present.ts';

export interface HeadFacts {
  readonly fitted: Fitted;
  /** The member that holds the records: a name from our table of operations, as it is shown. */
  readonly records?: string | undefined;
  /** Values that policy hides. */
  readonly hidden: number;
  /** Characters that nobody could have seen, taken out. */
  readonly removed: number;
  /** Texts that were cut at their cap. */
  readonly cutTexts: number;
  /** A sentence of ours about this result. */
  readonly note?: string | undefined;
}

export function head({ fitted, records, hidden, removed, cutTexts, note }: HeadFacts): string {
  const { value, cut } = fitted;
  const sentences = [
    note,
    value['changed'] === false ? 'Nothing was changed.' : undefined,
    records === undefined ? undefined : extent(fitted, records),
    typeof value['hint'] === 'string' ? value['hint'] : undefined,
    hasDevices(value) ? 'Devices are client-reported.' : undefined,
    hidden > 0 ? `${count(hidden, 'value')} hidden by policy.` : undefined,
    cut > 0 ? `${count(cut, 'field')} left out for size, named in cut_fields.` : undefined,
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

/** What a page says of itself, or that a list without pages (the result of a change, which is not to be made again) was cut. */
function extent({ value, shown, of }: Fitted, records: string): string | undefined {
  const { page } = value;
  if (!isObject(page)) {
    return shown < of ? `The first ${shown} of ${of} ${records}; the others did not fit. Do not make the call again for them.` : undefined;
  }
  const total = typeof page['total'] === 'number' && page['total'] !== shown ? `of ${page['total']} ` : '';
  const counted = `${shown} ${total}${shown === 1 && total === '' ? singular(records) : records}`;
  if (shown < of) return `${shown} of ${of} ${records}: the others did not fit, ask for fewer at a time.`;
  if (page['complete'] === true) return `${counted}, ${total === '' ? 'complete' : 'the last page'}.`;
  return page['next_page_token'] === undefined
    ? `${counted}, not complete.`
    : `${counted}, not complete: for more, pass page.next_page_token as page_token.`;
}
