/** The list of operations, by toolset: every other list of tools is made from it. */
import type { Operation } from '../operation.ts';
import { batch } from './batch.ts';
import { courier } from './courier.ts';
import { credentials } from './credentials.ts';
import { deleteIdentity } from './delete-identity.ts';
import { identitiesRead } from './identities-read.ts';
import { identities } from './identities.ts';
import { lockIdentity } from './lock-identity.ts';
import { recovery } from './recovery.ts';
import { schemas } from './schemas.ts';
import { sessions } from './sessions.ts';

export const operations: readonly Operation[] = [
  ...identitiesRead,
  ...identities,
  ...batch,
  deleteIdentity,
  lockIdentity,
  ...credentials,
  ...sessions,
  ...recovery,
  ...schemas,
  ...courier,
];
