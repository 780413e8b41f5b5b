/** The two formats that decide what becomes an address, as Kratos judges them. Pure. */

const LABEL = /^[A-Za-z0-9-]{1,63}$/;
/** Local part: atoms with dots between, or quoted; non-ASCII passes. */
const LOCAL = /^(?:[^\s"(),:;<>@[\\\].\p{Cc}]+(?:\.[^\s"(),:;<>@[\\\].\p{Cc}]+)*|"(?:[^"\\\r\n]|\\.)*")$/u;

/**
 * At most 254 characters, split at the last `@`, no top-level domain needed (`a@b`), no display name. Blanks before it pass (and are
 * trimmed later), blanks after it don't.
 */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at).replace(/^[ \t]+/, '');
  const domain = text.slice(at + 1);
  if (at < 0 || local === '' || domain.startsWith('-') || text.length > 254 || local.length > 64 || !LOCAL.test(local)) return false;
  return domain.split('.').every((label) => LABEL.test(label) && !label.endsWith('-'));
}

/** Kratos asks libphonenumber; here a `+`, a country code and 7 to 15 digits with blanks, dots, dashes and brackets between them will do. */
export const isPhone = (text: string): boolean => /^(?:tel:)?\+[1-9][\d ().-]*$/.test(text) && /^\d{7,15}$/.test(digits(text));
/** E.164. */
export const normalPhone = (text: string): string => `+${digits(text)}`;
const digits = (text: string): string => text.replace(/\D/g, '');
