/** What a caller may say an identity is. Written as the API takes it; JSON Schemas stay flat, so that every client reads them. */
import { z } from 'zod';
import { isObject } from '../shape/present.ts';
import { ExternalId, SchemaId, Uuid } from './fields.ts';

/** `z.record` prints the rules for its keys, `.nullable()` an `anyOf`: the type is written by hand instead. */
export const Traits = z.unknown().refine(isObject, 'must be an object').meta({ type: 'object' });
/** Kratos takes a bare number too, and can then no longer read the identity (v26.2.0 on SQLite). */
export const Metadata = z
  .unknown()
  .refine((it) => it === null || isObject(it), 'must be an object or null')
  .meta({ type: ['object', 'null'] });
export const State = z.enum(['active', 'inactive']);

const providerOf = <T extends z.ZodRawShape>(more: T) =>
  z.strictObject({
    config: z.strictObject({
      providers: z
        .array(z.strictObject({ provider: z.string().min(1), subject: z.string().min(1), organization: Uuid.optional(), ...more }))
        .min(1)
        .max(20),
    }),
  });

/** Goes to Kratos and nowhere else. Only these types can be imported in Kratos v26.2.0. */
export const Credentials = z.strictObject({
  password: z
    .strictObject({
      config: z.strictObject({
        password: z.string().min(1).optional(),
        hashed_password: z.string().min(1).optional(),
        use_password_migration_hook: z.boolean().optional(),
      }),
    })
    .optional(),
  oidc: providerOf({ use_auto_link: z.boolean().optional() }).optional(),
  saml: providerOf({}).optional(),
});
export type Credentials = z.output<typeof Credentials>;

/** An address is dropped by Kratos unless a trait backs it. */
const via = z.enum(['email', 'sms']);
const VerifiableAddress = z.strictObject({
  value: z.string().min(1),
  via,
  verified: z.boolean().optional(),
  status: z.enum(['pending', 'sent', 'completed']).optional(),
  verified_at: z.string().optional(),
});

export const NewIdentity = z.strictObject({
  schema_id: SchemaId.optional(),
  traits: Traits,
  state: State.optional(),
  metadata_public: Metadata.optional(),
  metadata_admin: Metadata.optional(),
  organization_id: Uuid.optional(),
  external_id: ExternalId.optional(),
  verifiable_addresses: z.array(VerifiableAddress).max(20).optional(),
  recovery_addresses: z
    .array(z.strictObject({ value: z.string().min(1), via }))
    .max(20)
    .optional(),
  credentials: Credentials.optional(),
});
export type NewIdentity = z.output<typeof NewIdentity>;
