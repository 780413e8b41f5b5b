/** The records of results: the views of shape/, each with its id, and what outputs say of them. */
import { z } from 'zod';
import type { KratosIdentity, KratosMessage, KratosSession } from '../client/bodies.ts';
import { messageView, MessageOut } from '../shape/courier.ts';
import { IdentityOut, identityView, type IdentityViewOptions } from '../shape/identity.ts';
import { SessionOut, sessionView, type SessionViewOptions } from '../shape/session.ts';

const text = z.string().optional();
const anything = z.array(z.unknown()).optional();
const object = z.looseObject({}).optional();

/** Everything that a single identity may have; lists name less, since every listing of the tools is read by a model. */
export const OneIdentityOut = IdentityOut.extend({
  external_id: text,
  organization_id: text,
  verifiable_addresses: anything,
  recovery_addresses: anything,
  metadata_public: z.unknown().optional(), // Kratos takes any JSON but a number
  metadata_admin_keys: z.array(z.string()).optional(),
  metadata_admin: z.unknown().optional(),
  credentials: object,
  schema_url: text,
  state_changed_at: text,
});
export const OneSessionOut = SessionOut.extend({
  methods: z.array(z.string()).optional(),
  devices: anything,
  identity: object,
});
export const ErasedSession = SessionOut.extend({ was_active: z.boolean().optional() });
export const OneMessageOut = MessageOut.extend({ dispatches: anything });

export const identityRecord = (identity: KratosIdentity, options: IdentityViewOptions) => ({
  ...identityView(identity, options),
  id: identity.id,
});
export const sessionRecord = (session: KratosSession, options?: SessionViewOptions) => ({
  ...sessionView(session, options),
  id: session.id,
});
export const messageRecord = (message: KratosMessage) => ({ ...messageView(message), id: message.id });
