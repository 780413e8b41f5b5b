/** What a rule must not say at once, although each part of it is fine. Pure. */
import { FLOOR } from './strictness.ts';

interface Said {
  readonly effects?: readonly string[] | undefined;
  readonly target?: object | undefined;
  readonly count?: object | undefined;
  readonly client?: readonly string[] | undefined;
  readonly verdict: string | object;
  readonly require?: object | undefined;
  readonly approvers?: string | undefined;
  readonly confirm_by?: string | undefined;
}
interface Contradiction {
  /** The member to look at. */
  readonly key: keyof Said;
  readonly message: string;
}

const approves = ({ verdict }: Said): boolean => verdict === 'approve' || typeof verdict === 'object';
const asks = (rule: Said): boolean => rule.verdict === 'confirm' || approves(rule);
const isOnly = ({ effects = [] }: Said, ones: readonly string[]): boolean => effects.length > 0 && effects.every((it) => ones.includes(it));

const CHECKS: readonly (Contradiction & { readonly is: (rule: Said) => boolean })[] = [
  {
    key: 'verdict',
    message: 'takeover, destructive and mass are never less than confirm',
    is: (it) => it.verdict === 'allow' && isOnly(it, FLOOR),
  },
  {
    key: 'verdict',
    message: 'a rule on the client can only raise a verdict, since the client names itself',
    is: (it) => it.verdict === 'allow' && it.client !== undefined,
  },
  { key: 'verdict', message: 'a read is allowed or denied; nobody is asked about one', is: (it) => asks(it) && isOnly(it, ['read']) },
  {
    key: 'target',
    message: 'reads are ruled by tool, principal, client and time only',
    is: (it) => it.target !== undefined && isOnly(it, ['read']),
  },
  {
    key: 'count',
    message: 'reads are ruled by tool, principal, client and time only',
    is: (it) => it.count !== undefined && isOnly(it, ['read']),
  },
  {
    key: 'require',
    message: 'needs a verdict by which a person is asked: confirm or approve',
    is: (it) => it.require !== undefined && !asks(it),
  },
  { key: 'approvers', message: 'goes with the verdict approve only', is: (it) => it.approvers !== undefined && !approves(it) },
  { key: 'confirm_by', message: 'goes with the verdict confirm only', is: (it) => it.confirm_by !== undefined && it.verdict !== 'confirm' },
];

export const contradictionsIn = (rule: Said): readonly Contradiction[] => CHECKS.filter((it) => it.is(rule));

/** The same for all who sign in, or true of nearly all: who the provider is, which client it was, that an address is one. */
const OF_EVERYBODY = ['iss', 'aud', 'azp', 'client_id', 'email_verified', 'phone_number_verified'];

/** Whether these claims tell approvers from nobody: each of them is taken with any value, or is everybody's. */
export const fitsEverybody = (claims: Readonly<Record<string, readonly string[]>>): boolean =>
  Object.entries(claims).every(([name, globs]) => OF_EVERYBODY.includes(name) || globs.includes('*'));
