/** The fields that several tools share. Their JSON Schema stays flat and short: every character of it is read by every client. */
import { z } from 'zod';
import { clean } from '../lib/text.ts';
import { isUuid } from '../lib/uuid.ts';

/** Not `z.uuid()`: that prints its long pattern into every schema. Lower-cased, so that one account has one spelling. */
export const Uuid = z.string().toLowerCase().refine(isUuid, 'must be a UUID').meta({ format: 'uuid' });

/** Whether a reader sees all of it: no control, format or blank characters, no half surrogates. */
const plain = (text: string): boolean => clean(text, text.length).removed === 0 && !/[\n\r\t]/.test(text);

/** Kratos keeps at most 64 characters; `.` and `..` would be resolved as path segments on the way. */
export const ExternalId = z
  .string()
  .min(1)
  .max(64)
  .refine((it) => !/\p{Cc}|\p{Cs}/u.test(it), 'must not hold control characters')
  .refine((it) => it !== '.' && it !== '..', 'must not be . or ..');

/** What the operator called a schema; the client encodes it. */
export const SchemaId = z
  .string()
  .min(1)
  .max(500)
  .refine(plain, 'must not hold control or invisible characters')
  .refine((it) => it !== '.' && it !== '..', 'must not be . or ..');

/** A filter's text. An empty one is refused: to Kratos it means "no filter", and everybody would be listed. */
export const FilterText = z
  .string()
  .max(1000)
  .refine((it) => it.trim() !== '', 'must not be empty')
  .refine(plain, 'must not hold control or invisible characters');

export const PageSize = (max: number) => z.number().int().min(1).max(max).default(25);
/** Kratos' tokens are opaque; a result keeps up to this much of one (shape/clean.ts). */
export const PageToken = z.string().min(1).max(4000);
export const View = z.enum(['summary', 'full']);
/** Top-level or dotted names of members to keep. */
export const Fields = z.array(z.string().min(1).max(200)).min(1).max(50);

/** What Kratos accepts for `include_credential`; its documentation also lists `profile`, which is answered with 400 (v26.2.0, identity/credentials.go:143). */
export const IncludeCredential = z.array(
  z.enum(['password', 'oidc', 'saml', 'totp', 'lookup_secret', 'webauthn', 'code', 'passkey', 'link_recovery', 'code_recovery']),
);

/** How every list ends. `complete` only where nothing more is there; `total` where Kratos counts. */
export const Page = z.looseObject({ complete: z.boolean(), next_page_token: z.string().optional(), total: z.number().optional() });
export type Page = z.input<typeof Page>;

/** Not an absent member but none at all, since results may not hold `undefined`. */
export const pageOf = (next: string | undefined, total?: number): Page => ({
  complete: next === undefined,
  ...(next === undefined ? {} : { next_page_token: next }),
  ...(total === undefined ? {} : { total }),
});
