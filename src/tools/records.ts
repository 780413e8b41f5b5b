/** The views of shape/, typed as the records that outputs promise: each has its id. */
import type { KratosIdentity, KratosMessage, KratosSession } from '../client/bodies.ts';
import { messageView } from '../shape/courier.ts';
import { identityView, type IdentityViewOptions } from '../shape/identity.ts';
import { sessionView, type SessionViewOptions } from '../shape/session.ts';

export const identityRecord = (identity: KratosIdentity, options: IdentityViewOptions) => ({ ...identityView(identity, options), id: identity.id });
export const sessionRecord = (session: KratosSession, options?: SessionViewOptions) => ({ ...sessionView(session, options), id: session.id });
export const messageRecord = (message: KratosMessage) => ({ ...messageView(message), id: message.id });
