/** Making and changing single accounts; looking them up is in identities-read.ts. */
import type { Operation } from '../operation.ts';
import { createIdentity } from './create-identity.ts';
import { patchIdentity } from './patch-identity.ts';
import { updateIdentity } from './update-identity.ts';

export const identities: readonly Operation[] = [createIdentity, updateIdentity, patchIdentity];
