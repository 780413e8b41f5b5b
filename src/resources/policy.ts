/** `kratos://policy`: what the policy in force says, as Markdown. */
import type { RecoverySettings } from '../operation.ts';
import { describePolicy } from '../policy/describe.ts';
import type { Policy } from '../policy/policy.ts';

export interface PolicyFacts {
  readonly policy: Policy;
  /** Where recovery codes and links go in fact. */
  readonly recovery: RecoverySettings;
  /** What the reader should know first, for example that a changed file is not in force. */
  readonly notice: string | undefined;
}

export const policyText = ({ policy, recovery, notice }: PolicyFacts): string =>
  `${notice === undefined ? '' : `> ${notice}\n\n`}${describePolicy(policy, recovery)}`;
