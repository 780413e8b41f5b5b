/** The identity schema behind a plan. Where it cannot be read, every change of traits counts as takeover. */
import type { Kratos } from '../client/types.ts';
import { InputError, KratosError } from '../errors.ts';
import { say, type Said } from '../lib/text.ts';
import { traitMarks, type TraitMarks } from '../shape/traits.ts';

export type ReadSchema = Kratos<'getIdentitySchema'>;

/** Who named the schema: the call itself (then Kratos' "no such schema" is the answer to it), or the account or the configuration. */
type NamedBy = 'call' | 'account';

/** The schema as Kratos gives it; undefined if it could not be read (no public address configured, an id that no path can carry). */
export async function readSchema(kratos: ReadSchema, id: string, namedBy: NamedBy): Promise<unknown> {
  try {
    const { body } = await kratos('getIdentitySchema', { id });
    return body;
  } catch (error) {
    if (!(error instanceof KratosError || error instanceof InputError)) throw error;
    if (namedBy === 'call' && error instanceof KratosError && error.status === 404 && error.said) throw error; // Kratos' own word
    return undefined;
  }
}

export async function readMarks(kratos: ReadSchema, id: string, namedBy: NamedBy): Promise<TraitMarks | undefined> {
  const schema = await readSchema(kratos, id, namedBy);
  return schema === undefined ? undefined : traitMarks(schema);
}

export const unreadableSchema: Said = say`The identity schema could not be read, so every change of traits counts as a takeover.`;
