/** Whether anybody could answer, before anybody is asked. */
import { describe, expect, test } from 'vitest';
import { whyNobody } from '../../src/approval/nobody.ts';
import type { ApproverPolicy } from '../../src/policy/policy.ts';
import type { Approver } from '../../src/store/types.ts';

const NOW = 1_800_000_000_000;
const enrolled = (id: string): Approver => ({
  id,
  name: id,
  method: 'totp',
  enrolledAt: NOW - 100 * 3_600_000,
  enrolledBy: undefined,
  totp: { secret: 'JBSWY3DPEHPK3PXP' },
});
const NAMED = [[{ path: ['groups'], globs: ['iam'] }]];

interface Here {
  readonly ids?: readonly string[];
  readonly signIn?: boolean;
  readonly isMounted?: boolean;
  readonly who?: ApproverPolicy['who'];
}
type Plan = Parameters<typeof whyNobody>[0]['plan'];

const why = (plan: Partial<Plan>, { ids = [], who = [], signIn = false, isMounted = true }: Here) =>
  whyNobody(
    { plan: { kind: 'approve', approvals: 1, others: false, ...plan } },
    {
      page: {
        addressOf: async () => 'https://identity-mcp.example.com/approvals/x',
        approvers: async () => ids.map(enrolled),
        signIn,
        isMounted,
        level: 'L1',
        enrol: 'ory-identity-mcp approver enroll',
        waitMs: 1,
      },
      approvers: { waitHours: 24, phrase: false, pageMinutes: 30, who },
      now: () => NOW,
    },
  );

describe('where approvers sign in', () => {
  const here = { signIn: true, who: NAMED };
  test('somebody can, if policy names them', async () => {
    expect(await why({}, here)).toBeUndefined();
    expect(await why({}, { ...here, who: [] })).toMatch(/names nobody as one/);
  });
  test.each([{ others: true }, { approvals: 2 as const }])('%j: nobody can for a token whose owner is not known', async (plan) => {
    expect(await why(plan, here)).toMatch(/whose access token this is/);
    expect(await why({ ...plan, person: 'https://id.example.com|anna' }, here)).toBeUndefined();
  });
});

describe('where approvers are enrolled, over HTTP', () => {
  test('and nobody is yet, the operator enrols one, on the server’s machine; on stdio the person at the terminal', async () => {
    expect(await why({}, {})).toMatch(/operator enrols one on the machine of the server\. .*: ory-identity-mcp approver enroll$/);
    expect(await why({}, { isMounted: false })).toMatch(/in a terminal of their own\. .*: ory-identity-mcp approver enroll$/);
  });

  test.each([{ others: true }, { approvals: 2 as const }])(
    '%j: nobody can for a requester whom their ids say nothing about',
    async (plan) => {
      const here = { ids: ['ben', 'sam', 'eve'] };
      expect(await why(plan, here)).toMatch(/whose access token this is/);
      expect(await why({ ...plan, person: 'https://id.example.com|ben' }, here)).toMatch(
        /nobody can tell the requester from the approvers/,
      );
      expect(await why({ ...plan, person: 'ben' }, here)).toBeUndefined();
    },
  );
  test('the requester is none of those who are counted', async () => {
    expect(await why({ others: true, person: 'ben' }, { ids: ['ben'] })).toMatch(/An approver must agree/);
    expect(await why({ approvals: 2, person: 'ben' }, { ids: ['ben', 'sam'] })).toMatch(/only one can/);
  });
  test('where another one is not wanted, it does not matter who asks', async () => {
    expect(await why({ person: 'https://id.example.com|ben' }, { ids: ['ben'] })).toBeUndefined();
    expect(await why({}, { ids: ['ben'] })).toBeUndefined();
  });
});

test('on stdio it is up to the approvers', async () => {
  expect(await why({ others: true }, { ids: ['ben'], isMounted: false })).toBeUndefined();
  expect(await why({ approvals: 2 }, { ids: ['ben'], isMounted: false })).toMatch(/only one can/);
});

test('where a typed phrase is enough, nobody has to be there', async () => {
  expect(await why({ kind: 'confirm', approvals: 0 }, {})).toBeUndefined();
});
