/**
 * What the `ory.sh/kratos` marks of an identity schema say about a trait: whether Kratos makes login identifiers or addresses of it.
 * This decides whether a change counts as takeover, so everything that is not understood counts as marked. Pure.
 * Source: Kratos v26.2.0, schema/extension.go and identity/extension_*.go.
 */
import { isObject, type Json } from './present.ts';

export interface Marks {
  /** Kratos makes a login identifier of the value. */
  readonly identifier: boolean;
  readonly verification: boolean;
  readonly recovery: boolean;
}

export const NONE: Marks = { identifier: false, verification: false, recovery: false };
export const ALL: Marks = { identifier: true, verification: true, recovery: true };

export const either = (a: Marks, b: Marks): Marks => ({
  identifier: a.identifier || b.identifier,
  verification: a.verification || b.verification,
  recovery: a.recovery || b.recovery,
});

const PARTS: ReadonlySet<string> = new Set(['credentials', 'verification', 'recovery']);
/** Names that Kratos only shows to the user in an authenticator or a browser's dialogue. */
const LABELS: ReadonlySet<string> = new Set(['display_name', 'account_name']);

/** The marks of one schema node itself. */
export function marksOf(node: Json): Marks {
  const extension = node['ory.sh/kratos'];
  if (extension === undefined || extension === null) return NONE;
  if (!isObject(extension) || Object.keys(extension).some((it) => !PARTS.has(it))) return ALL;
  return {
    identifier: isIdentifier(extension['credentials']),
    verification: isSaid(extension['verification']),
    recovery: isSaid(extension['recovery']),
  };
}

/** How Kratos stores a login identifier: trimmed and in lower case, or, for codes that are sent to a phone, as E.164. */
export type IdentifierForm = 'text' | 'phone';

/** The forms in which the value of one schema node becomes a login identifier; none where it becomes none. */
export function identifierForms(node: Json): readonly IdentifierForm[] {
  const extension = node['ory.sh/kratos'];
  const credentials = isObject(extension) ? extension['credentials'] : undefined;
  if (!isObject(credentials)) return [];
  const forms = Object.entries(credentials)
    .filter(([type, it]) => isIdentifier({ [type]: it }))
    .map(([type, it]) => (type === 'code' && isObject(it) && it['via'] === 'sms' ? 'phone' : 'text'));
  return [...new Set(forms)];
}

/** `{ password: { identifier: true } }`, `{ code: { identifier: true, via: "email" } }` …: anything but an explicit false or a label. */
function isIdentifier(credentials: unknown): boolean {
  if (!isObject(credentials)) return isSaid(credentials);
  return Object.values(credentials).some((it) =>
    isObject(it) ? Object.entries(it).some(([key, value]) => !LABELS.has(key) && isSaid(value)) : isSaid(it),
  );
}

/** An empty object marks nothing: Kratos reads the `via` in it. */
function isSaid(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  return !isObject(value) || Object.values(value).some(isSaid);
}
