/** One handler per endpoint of the wire table: a missing one does not compile. */
import type { EndpointName } from '../client/endpoints.ts';
import { batchPatchIdentities } from './batch.ts';
import { getCourierMessage, listCourierMessages } from './courier.ts';
import { deleteIdentityCredentials } from './credentials.ts';
import { json } from './envelope.ts';
import { createIdentity, deleteIdentity, getIdentity, getIdentityByExternalId, listIdentities, updateIdentity } from './identities.ts';
import { patchIdentity } from './patch.ts';
import { createRecoveryCode, createRecoveryLink } from './recovery.ts';
import type { Handler } from './request.ts';
import { getIdentitySchema, listIdentitySchemas } from './schemas.ts';
import { deleteIdentitySessions, disableSession, extendSession, getSession, listIdentitySessions, listSessions } from './sessions.ts';

export type Routes = { readonly [N in EndpointName]: Handler<N> };

/** The version whose behaviour this is. */
const VERSION = 'v26.2.0';

export const routes: Routes = {
  listIdentities,
  createIdentity,
  batchPatchIdentities,
  getIdentity,
  getIdentityByExternalId,
  updateIdentity,
  patchIdentity,
  deleteIdentity,
  deleteIdentityCredentials,
  listIdentitySessions,
  deleteIdentitySessions,
  listSessions,
  getSession,
  disableSession,
  extendSession,
  createRecoveryCode,
  createRecoveryLink,
  listCourierMessages,
  getCourierMessage,
  listIdentitySchemas,
  getIdentitySchema,
  getVersion: () => json(200, { version: VERSION }),
  getReady: () => json(200, { status: 'ok' }),
};
