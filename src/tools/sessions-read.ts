/** Looking at sessions. The identity is always expanded: without it Kratos' `active` does not know whether the account is inactive. */
import { z } from 'zod';
import { KratosSession, parseBody } from '../client/bodies.ts';
import type { ReadName } from '../client/endpoints.ts';
import type { Kratos } from '../client/types.ts';
import { KratosError } from '../errors.ts';
import { read, type Operation } from '../operation.ts';
import { seed } from '../seed.ts';
import { SessionOut } from '../shape/session.ts';
import { Page, pageOf, PageSize, PageToken, Uuid } from './fields.ts';
import { readIdentity } from './read-identity.ts';
import { OneSessionOut, sessionRecord } from './records.ts';
import { cut, offsetOf, windowOver } from './window.ts';

const Expand = z.array(z.enum(['identity', 'devices']));
type Expand = z.output<typeof Expand>;
const expanded = (expand: Expand): Expand => (expand.includes('devices') ? ['identity', 'devices'] : ['identity']);

const ListOut = z.looseObject({ sessions: z.array(SessionOut), page: Page });

export interface SessionPage {
  readonly sessions: readonly KratosSession[];
  /** Where the next page begins; undefined at the end. */
  readonly next?: string;
  readonly total?: number;
}

/** One identity's sessions from an offset on, newest first. An identity that does not exist has none. */
export async function sessionsOf(
  kratos: Kratos<'listIdentitySessions'>,
  id: string,
  { active, offset = 0, size = 1000 }: { readonly active?: boolean | undefined; readonly offset?: number; readonly size?: number } = {},
): Promise<SessionPage> {
  const window = windowOver(offset, size);
  // Its pages are counted from 1, and only beside `per_page` are they looked at (v26.2.0).
  const reply = await kratos('listIdentitySessions', { id }, { query: { page: window.page + 1, per_page: window.perPage, active } });
  const { rows, ...rest } = cut(parseBody(z.array(KratosSession), reply), window, reply.total);
  return { sessions: rows, ...rest, ...(reply.total === undefined ? {} : { total: reply.total }) };
}

/** A session with its owner, who is looked up once more: only a single identity comes with the names that it signs in with. */
export async function sessionAndOwner(kratos: Kratos<'getSession' | 'getIdentity'>, id: string) {
  const session = await readSession(kratos, id);
  if (!session.identity) {
    const hint = 'Without its owner nobody can be asked about it. Find it with list_identity_sessions.';
    throw new KratosError('Kratos did not say whose session this is.', { hint, retryable: false, effect: 'rejected' });
  }
  const owner = await readIdentity(kratos, session.identity.id);
  return { session, owner };
}

/** With identity and devices, or with one of them. */
export async function readSession(
  kratos: Kratos<Extract<ReadName, 'getSession'>>,
  id: string,
  expand: Expand = ['identity', 'devices'],
): Promise<KratosSession> {
  return parseBody(KratosSession, await kratos('getSession', { id }, { query: { expand } }));
}

export const sessionsRead: readonly Operation[] = [
  read({
    name: 'list_identity_sessions',
    title: 'List the sessions of an identity',
    summary:
      "Lists one identity's sessions with their devices, newest first; active is also false while the identity is inactive, though the filter does not look at that.",
    toolset: 'sessions',
    reads: ['listIdentitySessions', 'getIdentity'],
    input: z.strictObject({
      id: Uuid,
      active: z.boolean().optional(),
      page_size: PageSize(1000),
      page_token: PageToken.optional(),
    }),
    output: ListOut,
    example: { id: seed.ada },
    records: 'sessions',
    async run({ id, active, page_size, page_token }, { kratos }) {
      const { sessions, next, total } = await sessionsOf(kratos, id, { active, offset: offsetOf(page_token), size: page_size });
      // Kratos lists nothing for an identity that does not exist: this throws where that is why.
      if (sessions.length === 0) await kratos('getIdentity', { id });
      return { sessions: sessions.map((it) => sessionRecord(it)), page: pageOf(next, total) };
    },
  }),
  read({
    name: 'list_sessions',
    title: 'List all sessions',
    summary:
      'Lists the sessions of everybody, newest first; active is also false while the identity is inactive, though the filter does not look at that.',
    toolset: 'sessions',
    reads: ['listSessions'],
    input: z.strictObject({
      active: z.boolean().optional(),
      expand: Expand.default([]),
      page_size: PageSize(1000),
      page_token: PageToken.optional(),
    }),
    output: ListOut,
    example: { active: true },
    records: 'sessions',
    async run({ expand, ...query }, { kratos }) {
      const reply = await kratos('listSessions', {}, { query: { ...query, expand: expanded(expand) } });
      const options = { identity: expand.includes('identity') };
      return { sessions: parseBody(z.array(KratosSession), reply).map((it) => sessionRecord(it, options)), page: pageOf(reply.next) };
    },
  }),
  read({
    name: 'get_session',
    title: 'Read a session',
    summary: 'Reads one session; active is also false while the identity is inactive.',
    toolset: 'sessions',
    reads: ['getSession'],
    input: z.strictObject({ id: Uuid, expand: Expand.default(['identity', 'devices']) }),
    output: OneSessionOut,
    example: { id: seed.adaLaptop },
    run: async ({ id, expand }, { kratos }) =>
      sessionRecord(await readSession(kratos, id, expanded(expand)), { identity: expand.includes('identity') }),
  }),
];
