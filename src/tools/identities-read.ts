/** Looking people up. */
import { z } from 'zod';
import { KratosIdentity, parseBody } from '../client/bodies.ts';
import type { Query } from '../client/types.ts';
import { InputError, KratosError } from '../errors.ts';
import { read, type Context, type Operation } from '../operation.ts';
import { seed } from '../seed.ts';
import { IdentityOut, type IdentityViewOptions } from '../shape/identity.ts';
import { ExternalId, Fields, FilterText, IncludeCredential, Page, pageOf, PageToken, Uuid, View } from './fields.ts';
import { findByIds } from './find-by-ids.ts';
import { readIdentity } from './read-identity.ts';
import { identityRecord, OneIdentityOut } from './records.ts';

const NIL = '00000000-0000-0000-0000-000000000000';
/** Kratos takes the nil UUID for a filter that filters nothing. */
const OrganizationId = Uuid.refine((it) => it !== NIL, 'must not be the nil UUID, which lists everybody');

const ListInput = z.strictObject({
  page_size: z.number().int().min(1).max(500).optional().meta({ description: 'default: 25, or all ids' }),
  page_token: PageToken.optional(),
  ids: z.array(Uuid).min(1).max(500).optional(),
  credentials_identifier: FilterText.optional(),
  preview_credentials_identifier_similar: FilterText.optional(),
  organization_id: OrganizationId.optional(),
  include_credential: IncludeCredential.optional(),
  consistency: z.enum(['strong', 'eventual']).optional(),
  view: View.default('summary'),
  fields: Fields.optional(),
});
type ListInput = z.output<typeof ListInput>;

/** Kratos' own answer to two of them is a 400 (v26.2.0, identity/handler.go:184-305); older ones combined some. */
const FILTERS = ['ids', 'credentials_identifier', 'preview_credentials_identifier_similar', 'organization_id'] as const;
const DEFAULT_PAGE = 25;

/** What a search that found nobody does not mean. */
function hintFor({
  credentials_identifier: exact,
  preview_credentials_identifier_similar: beginning,
  page_token,
}: ListInput): string | undefined {
  if (page_token !== undefined) return undefined;
  if (exact !== undefined) {
    return (
      'Nobody signs in with exactly this. Addresses that are only contacts are not searched; a phone number is stored as +<country><number>. ' +
      'Try the beginning of it with preview_credentials_identifier_similar.'
    );
  }
  return beginning === undefined ? undefined : 'Nobody signs in with anything that begins so; identifiers are stored in lower case.';
}

const viewOptions = ({
  view,
  fields,
  include_credential,
}: Pick<ListInput, 'view' | 'fields' | 'include_credential'>): IdentityViewOptions => ({
  view,
  fields,
  include: include_credential,
});

async function listPage(input: ListInput, { kratos }: Context<'listIdentities'>) {
  const { page_size = DEFAULT_PAGE, view: _view, fields: _fields, ids: _ids, include_credential, ...filters } = input;
  const query: Query = { page_size, include_credential: some(include_credential), ...filters };
  const reply = await kratos('listIdentities', {}, { query });
  const identities = parseBody(z.array(KratosIdentity), reply).map((it) => identityRecord(it, viewOptions(input)));
  const hint = identities.length === 0 ? hintFor(input) : undefined;
  return { identities, page: pageOf(reply.next), ...(hint === undefined ? {} : { hint }) };
}

async function listByIds(ids: readonly string[], input: ListInput, { kratos }: Context<'listIdentities'>) {
  const { page_size, page_token, include_credential, consistency } = input;
  const query: Query = { include_credential: some(include_credential), consistency };
  const fetch = async (slice: readonly string[]) =>
    parseBody(z.array(KratosIdentity), await kratos('listIdentities', {}, { query: { ...query, page_size: slice.length, ids: slice } }));
  const { found, notFound, next } = await findByIds(ids, { size: page_size, after: page_token, fetch });
  return { identities: found.map((it) => identityRecord(it, viewOptions(input))), not_found: [...notFound], page: pageOf(next) };
}

/** An empty list is like none; on the wire it would be refused. */
const some = (list: readonly string[] | undefined) => (list && list.length > 0 ? list : undefined);

const Single = { include_credential: IncludeCredential.optional(), view: View.default('summary'), fields: Fields.optional() };

export const identitiesRead: readonly Operation[] = [
  read({
    name: 'list_identities',
    title: 'Find or list identities',
    summary:
      'Finds identities by at most one of ids, credentials_identifier (an exact e-mail, username or phone that is signed in with), its beginning, or organization_id; without one, lists everybody.',
    toolset: 'identities',
    reads: ['listIdentities'],
    input: ListInput,
    output: z.looseObject({
      identities: z.array(IdentityOut),
      page: Page,
      not_found: z.array(z.string()).optional(),
      hint: z.string().optional(),
    }),
    example: { credentials_identifier: 'ada.byron@example.com' },
    records: 'identities',
    async run(input, context) {
      const [first, second] = FILTERS.filter((it) => input[it] !== undefined);
      if (first !== undefined && second !== undefined) {
        throw new InputError(
          `Kratos filters by one thing at a time, and both ${first} and ${second} are given. Leave one out; nothing was sent.`,
        );
      }
      return input.ids ? listByIds(input.ids, input, context) : listPage(input, context);
    },
  }),
  read({
    name: 'get_identity',
    title: 'Read an identity',
    summary: 'Reads one identity.',
    toolset: 'identities',
    reads: ['getIdentity'],
    input: z.strictObject({ id: Uuid, ...Single }),
    output: OneIdentityOut,
    example: { id: seed.ada },
    async run({ id, ...input }, { kratos }) {
      return identityRecord(await readIdentity(kratos, id, some(input.include_credential)), viewOptions(input));
    },
  }),
  read({
    name: 'get_identity_by_external_id',
    title: 'Read an identity by its external id',
    summary: 'Reads the identity that has this external_id, the id that another system knows it by.',
    toolset: 'identities',
    reads: ['getIdentityByExternalId'],
    input: z.strictObject({ external_id: ExternalId, ...Single }),
    output: OneIdentityOut,
    example: { external_id: seed.externalId },
    async run({ external_id, ...input }, { kratos }) {
      const query = { include_credential: some(input.include_credential) };
      const reply = await kratos('getIdentityByExternalId', { external_id }, { query }).catch(explainOld);
      return identityRecord(parseBody(KratosIdentity, reply), viewOptions(input));
    },
  }),
];

/** A 404 without Kratos' envelope is its router's: an older Kratos, which has no such route. */
function explainOld(error: unknown): never {
  if (!(error instanceof KratosError) || error.status !== 404 || error.said) throw error;
  throw new KratosError('Looking up by external_id is not supported by this Kratos.', {
    status: 404,
    hint: 'It needs Kratos v25.4 or newer. Find the identity with list_identities instead.',
    retryable: false,
    effect: 'rejected',
    cause: error,
  });
}
