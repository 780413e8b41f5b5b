/** Which of two verdicts is the stricter one. Pure. */
import type { Decision } from './policy.ts';

export type Strict = Pick<Decision, 'kind' | 'approvals'>;
const ORDER = { allow: 0, confirm: 1, approve: 2, deny: 4 } as const;

/** allow < confirm < approve < approve by two < deny. */
export const strictness = ({ kind, approvals }: Strict): number => (kind === 'approve' && approvals === 2 ? 3 : ORDER[kind]);

/** For people and in files: `approve: 2`. */
export const verdictText = ({ kind, approvals }: Strict): string => (kind === 'approve' && approvals === 2 ? 'approve: 2' : kind);

/** The floor: what no file can bring below `confirm`. */
export const FLOOR: readonly string[] = ['takeover', 'destructive', 'mass'];
