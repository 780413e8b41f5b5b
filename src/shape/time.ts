/** Times as results show them. Pure. */

const PRECISE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/;
/** What Go writes for a time that was never set; Kratos answers it for credentials right after a create. */
const NEVER = /^0001-01-01T00:00:00/;

/** RFC 3339, fractions of a second cut off; undefined for Go's zero time. Text that is no time stays as it is (it is cleaned later). */
export function wholeSeconds(text: string | undefined): string | undefined {
  if (text === undefined || NEVER.test(text)) return undefined;
  const [, time, zone] = PRECISE.exec(text) ?? [];
  return time === undefined || zone === undefined ? text : `${time}${zone}`;
}
