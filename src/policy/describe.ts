/** stand-in */
import type { RecoverySettings } from '../operation.ts';
import type { Policy } from './policy.ts';
export const describePolicy = (policy: Policy, _recovery: RecoverySettings): string => `# Policy in force: ${policy.name}\n`;
