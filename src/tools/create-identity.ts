/** Making an account. */
import { KratosIdentity, parseBody } from '../client/bodies.ts';
import { say, own, type Said } from '../lib/text.ts';
import { change, send, type Settings } from '../operation.ts';
import { IdentityOut } from '../shape/identity.ts';
import { loginIdentifiers } from '../shape/identifiers.ts';
import { about } from './about.ts';
import { credentialsSaid, refuseRepeatedProviders } from './credential-words.ts';
import { contentLines, contentsOf, isShowable } from './difference.ts';
import { creationDifferences } from './differences.ts';
import { CREATION_EFFECTS, effectsOfCreating } from './effects.ts';
import { NewIdentity } from './identity-input.ts';
import { InputError } from '../errors.ts';
import { copy } from './json-value.ts';
import { readIdentity } from './read-identity.ts';
import { identityRecord } from './records.ts';
import { readSchema } from './schema-marks.ts';
import { subjectToCreate } from './subjects.ts';

/** A whole account is longer than a change of one, and can't be split as well. */
const MAX_LINES = 60;

export const createIdentity = change({
  name: 'create_identity',
  title: 'Create an identity',
  summary: 'Creates one identity; without schema_id by the default schema. Addresses come from the traits, and no mail is sent.',
  toolset: 'identities',
  effects: CREATION_EFFECTS,
  reads: ['getIdentitySchema', 'getIdentity'],
  writes: ['createIdentity'],
  idempotent: false,
  input: NewIdentity,
  output: IdentityOut.partial({ id: true }),
  example: { traits: { email: 'new.person@example.com' } },
  async plan(input, { kratos, settings }) {
    if (input.credentials) refuseRepeatedProviders(input.credentials);
    const schemaId = input.schema_id ?? settings.defaultSchemaId;
    const schema = await readSchema(kratos, schemaId, input.schema_id === undefined ? 'account' : 'call');
    return {
      effects: effectsOfCreating(input, settings.defaultSchemaId),
      targets: [],
      phrase: phraseOf(input, schemaId, schema),
      says: saysOf(input, settings),
      ifUnknown: 'Look for it with list_identities (credentials_identifier) before it is created again.',
      watch: {},
      subjects: [subjectToCreate(input, settings.defaultSchemaId)],
      differences: creationDifferences(input, settings.defaultSchemaId),
      count: 1,
      calls: [send('createIdentity', {}, { body: input })],
      result: { schema_id: schemaId, state: input.state ?? 'active', traits: input.traits },
    };
  },
  report: ([reply]) => identityRecord(parseBody(KratosIdentity, reply), { view: 'summary' }),
  async readBack(result, { kratos }) {
    if (result.id === undefined) return result;
    return identityRecord(await readIdentity(kratos, result.id), { view: 'summary' });
  },
});

/** What the new account will sign in with, as it will be stored; else its schema's id. */
function phraseOf({ traits }: NewIdentity, schemaId: string, schema: unknown): string {
  const identifiers = schema === undefined ? [] : [...loginIdentifiers(schema, traits)];
  const pretended = KratosIdentity.parse({ id: schemaId, schema_id: schemaId, credentials: { password: { identifiers } } });
  return about(pretended).label;
}

function saysOf(input: NewIdentity, { defaultSchemaId }: Settings): readonly Said[] {
  const {
    schema_id: schemaId = defaultSchemaId,
    state = 'active',
    credentials,
    verifiable_addresses = [],
    recovery_addresses = [],
  } = input;
  const { traits, metadata_public, metadata_admin, external_id, organization_id } = input;
  const contents = contentsOf({
    traits: copy(traits),
    metadata_public: copy(metadata_public),
    metadata_admin: copy(metadata_admin),
    external_id: copy(external_id),
    organization_id: copy(organization_id),
  });
  if (!isShowable(contents, MAX_LINES)) {
    throw new InputError(
      `The account has ${contents.length} values, more than a person can be shown faithfully. Create it with the essential ones, then add the others with patch_identity.`,
    );
  }
  const which = input.schema_id === undefined ? own(' (the default)') : own('');
  return [
    say`Creates an account, ${own(state)}, by schema ${schemaId}${which}.`,
    ...contentLines(contents),
    ...verifiable_addresses.map((it) => say`address ${it.value} (${own(it.via)}): ${addressState(it)}`),
    ...recovery_addresses.map((it) => say`recovery address ${it.value} (${own(it.via)})`),
    ...(credentials ? [credentialsSaid(credentials)] : []),
  ];
}

type Address = NonNullable<NewIdentity['verifiable_addresses']>[number];
function addressState({ verified = false, status, verified_at }: Address): ReturnType<typeof own> {
  const words = [verified ? 'marked verified' : 'not verified', ...(status === undefined ? [] : [`status ${status}`])];
  return own(verified_at === undefined ? words.join(', ') : say`${own(words.join(', '))}, since ${verified_at}`);
}
