/** The changes that are asked for, what each sends, and how strong a yes it needs: said here by hand, and not read off the program. */
import type { ChangeEffect } from '../../src/operation.ts';
import type { Policy, Rule } from '../../src/policy/policy.ts';
import { presetPolicy } from '../../src/policy/preset-policy.ts';
import { seed } from '../../src/seed.ts';

/** Whose yes it takes: nobody's, that of whoever is at the client's form, of an approver, of two different ones. */
export const NOBODY = 0;
export const ANYBODY = 1;
export const APPROVER = 2;
export const TWO = 3;
export type Need = typeof NOBODY | typeof ANYBODY | typeof APPROVER | typeof TWO;

export interface Write {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}
export interface Change {
  readonly name: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly effect: ChangeEffect;
  /** Undefined: it makes accounts. */
  readonly target: string | undefined;
  /** In order; what is so already is left out. */
  readonly writes: readonly Write[];
  /** One half of a takeover. */
  readonly half?: 'contact' | 'recovery';
}

const at = (id: string, rest = '') => `/admin/identities/${id}${rest}`;
const patch = (name: string, effect: ChangeEffect, { id, op, path, value }: Readonly<Record<'id' | 'op' | 'path' | 'value', string>>) => {
  const json_patch = [{ op, path, value }];
  const write = { method: 'PATCH', path: at(id), body: json_patch };
  return { name, tool: 'patch_identity', args: { id, json_patch }, effect, target: id, writes: [write] };
};
const signOut = (name: string, id: string): Change => ({
  name,
  tool: 'delete_identity_sessions',
  args: { id },
  effect: 'destructive',
  target: id,
  writes: [{ method: 'DELETE', path: at(id, '/sessions') }],
});
const newcomers = ['b1@example.com', 'b2@example.com'].map((email) => ({ create: { traits: { email } } }));
const code = { identity_id: seed.ada, expires_in: '10m' };

export const CHANGES: readonly Change[] = [
  patch('rename Grace', 'write', { id: seed.grace, op: 'replace', path: '/traits/name/first', value: 'Somebody' }),
  patch("Ada's role", 'privilege', { id: seed.ada, op: 'add', path: '/metadata_admin/role', value: 'admin' }),
  {
    ...patch("Ada's e-mail", 'takeover', { id: seed.ada, op: 'replace', path: '/traits/email', value: 'thief@example.com' }),
    half: 'contact',
  },
  signOut('sign Ada out', seed.ada),
  signOut('sign Grace out', seed.grace),
  {
    name: 'lock Grace',
    tool: 'lock_identity',
    args: { id: seed.grace },
    effect: 'destructive',
    target: seed.grace,
    writes: [
      { method: 'PATCH', path: at(seed.grace), body: [{ op: 'replace', path: '/state', value: 'inactive' }] },
      { method: 'DELETE', path: at(seed.grace, '/sessions') },
    ],
  },
  {
    name: "Ada's recovery code",
    tool: 'create_recovery_code_for_identity',
    args: code,
    effect: 'takeover',
    target: seed.ada,
    writes: [{ method: 'POST', path: '/admin/recovery/code', body: code }],
    half: 'recovery',
  },
  {
    name: 'two newcomers',
    tool: 'batch_patch_identities',
    args: { identities: newcomers },
    effect: 'mass',
    target: undefined,
    writes: [{ method: 'PATCH', path: '/admin/identities', body: { identities: newcomers } }],
  },
];
export const TOOLS = [...new Set(CHANGES.map((it) => it.tool))];
/** Whom somebody else changes behind the server's back. */
export const PEOPLE = [seed.ada, seed.grace] as const;

const two: Rule = {
  name: 'two for a takeover',
  line: 1,
  when: { effects: ['takeover'] },
  verdict: 'approve',
  approvals: 2,
  requires: { reason: false, ticket: undefined },
  others: false,
  confirmBy: undefined,
};
export const POLICIES = {
  standard: presetPolicy('standard'),
  strict: presetPolicy('strict'),
  two: { ...presetPolicy('standard'), name: 'two.yaml', hash: 'two', rules: [two] },
} as const satisfies Readonly<Record<string, Policy>>;
export type PolicyName = keyof typeof POLICIES;

const standard = { write: NOBODY, privilege: ANYBODY, takeover: ANYBODY, destructive: ANYBODY, mass: ANYBODY } as const;
export const NEEDS: Readonly<Record<PolicyName, Readonly<Record<ChangeEffect, Need>>>> = {
  standard,
  strict: { write: ANYBODY, privilege: APPROVER, takeover: APPROVER, destructive: APPROVER, mass: APPROVER },
  two: { ...standard, takeover: TWO },
};
