/**
 * What this server reads of Kratos' JSON, and only that: loose objects, since Kratos grows fields. Parsed once, at the door; what lies
 * behind trusts it.
 */
import { z } from 'zod';
import { KratosError } from '../errors.ts';
import { unreadable } from './explain.ts';
import type { Reply } from './types.ts';

/** Present as null, or missing: to Kratos the same. */
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((it) => it ?? undefined);
const Json = z.record(z.string(), z.unknown());
const list = <T extends z.ZodType>(schema: T) =>
  z
    .array(schema)
    .nullish()
    .transform((it) => it ?? []);

export const VerifiableAddress = z.looseObject({
  id: maybe(z.string()),
  value: z.string(),
  via: z.string(),
  verified: z.boolean(),
  status: maybe(z.string()),
  verified_at: maybe(z.string()),
});
export const RecoveryAddress = z.looseObject({ id: maybe(z.string()), value: z.string(), via: z.string() });
export const Credential = z.looseObject({
  identifiers: list(z.string()),
  config: maybe(Json),
  created_at: maybe(z.string()),
  updated_at: maybe(z.string()),
});

export const KratosIdentity = z.looseObject({
  id: z.string(),
  external_id: maybe(z.string()),
  credentials: maybe(z.record(z.string(), Credential)),
  schema_id: z.string(),
  schema_url: maybe(z.string()),
  state: maybe(z.string()),
  state_changed_at: maybe(z.string()),
  traits: z.unknown().optional(),
  verifiable_addresses: list(VerifiableAddress),
  recovery_addresses: list(RecoveryAddress),
  metadata_public: z.unknown().optional(),
  metadata_admin: z.unknown().optional(),
  created_at: maybe(z.string()),
  updated_at: maybe(z.string()),
  organization_id: maybe(z.string()),
});
export type KratosIdentity = z.output<typeof KratosIdentity>;

export const Device = z.looseObject({
  id: maybe(z.string()),
  ip_address: maybe(z.string()),
  user_agent: maybe(z.string()),
  location: maybe(z.string()),
});
export const KratosSession = z.looseObject({
  id: z.string(),
  active: maybe(z.boolean()),
  expires_at: maybe(z.string()),
  authenticated_at: maybe(z.string()),
  authenticator_assurance_level: maybe(z.string()),
  authentication_methods: list(z.looseObject({ method: maybe(z.string()), aal: maybe(z.string()), completed_at: maybe(z.string()) })),
  issued_at: maybe(z.string()),
  identity: maybe(KratosIdentity),
  devices: list(Device),
});
export type KratosSession = z.output<typeof KratosSession>;

export const KratosSchema = z.looseObject({ id: z.string(), schema: Json });
export type KratosSchema = z.output<typeof KratosSchema>;

export const KratosMessage = z.looseObject({
  id: z.string(),
  status: maybe(z.string()),
  type: maybe(z.string()),
  recipient: maybe(z.string()),
  template_type: maybe(z.string()),
  channel: maybe(z.string()),
  send_count: maybe(z.number()),
  dispatches: list(
    z.looseObject({
      id: maybe(z.string()),
      status: maybe(z.string()),
      error: z.unknown().optional(),
      created_at: maybe(z.string()),
      updated_at: maybe(z.string()),
    }),
  ),
  created_at: maybe(z.string()),
  updated_at: maybe(z.string()),
});
export type KratosMessage = z.output<typeof KratosMessage>;

export const RecoveryReply = z.looseObject({ recovery_link: z.string(), recovery_code: maybe(z.string()), expires_at: maybe(z.string()) });

const Said = z.looseObject({ code: maybe(z.number()), message: maybe(z.string()), reason: maybe(z.string()) });
export const BatchReply = z.looseObject({
  identities: z.array(
    z.looseObject({ action: z.string(), identity: maybe(z.string()), patch_id: maybe(z.string()), error: maybe(Said) }).nullable(),
  ),
});

/** Parses a reply, or says that Kratos answered something else than its API promises (which a proxy in between does, too). */
export function parseBody<T extends z.ZodType>(schema: T, reply: Reply | undefined): z.output<T> {
  const parsed = schema.safeParse(reply?.body);
  if (parsed.success) return parsed.data;
  throw new KratosError('Kratos answered with something else than its API promises.', {
    status: reply?.status,
    hint: unreadable.hint,
    retryable: unreadable.retryable,
    effect: 'ambiguous',
    cause: parsed.error,
  });
}
