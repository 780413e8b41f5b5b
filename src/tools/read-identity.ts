/** Reading the one identity that a call is about. */
import { KratosIdentity, parseBody } from '../client/bodies.ts';
import type { Kratos } from '../client/types.ts';

/** With the credentials' identifiers; `include` names the types whose configs are read as well. Not found: throws Kratos' 404. */
export const readIdentity = async (kratos: Kratos<'getIdentity'>, id: string, include?: readonly string[]): Promise<KratosIdentity> =>
  parseBody(KratosIdentity, await kratos('getIdentity', { id }, { query: { include_credential: include } }));
