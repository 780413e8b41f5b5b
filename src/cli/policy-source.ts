/** The policy in force: of the file or of the preset; a file is read again on demand, and a bad one keeps the last good one. */
import type { Settings } from '../config/load.ts';
import { UsageError } from '../errors.ts';
import type { Policy } from '../policy/policy.ts';
import { presetPolicy } from '../policy/preset-policy.ts';
import { operations } from '../tools/index.ts';

export interface PolicySource {
  readonly current: () => Policy;
  /** Why the file as it is now is not in force; undefined where it is. */
  readonly notice: () => string | undefined;
  /** Reads the file again. Never throws. */
  readonly reload: () => Promise<void>;
}

type Needed = Pick<Settings, 'preset' | 'policy' | 'recoveryDelivery' | 'origins'>;

/** Throws `UsageError` for a file that cannot be used, and for settings that contradict it. */
export async function openPolicy(settings: Needed): Promise<PolicySource> {
  let current = await readPolicy(settings);
  let notice: string | undefined;
  return {
    current: () => current,
    notice: () => notice,
    async reload() {
      try {
        current = await readPolicy(settings);
        notice = undefined;
      } catch (error) {
        const why = error instanceof UsageError ? error.message : 'It could not be read.';
        notice = `The policy file was changed and cannot be used; the last good one stays in force. ${why}`;
      }
    },
  };
}

export async function readPolicy({ preset, policy: path, recoveryDelivery: _delivery, origins }: Needed): Promise<Policy> {
  if (path === undefined) return presetPolicy(preset);
  const given = (key: 'preset' | 'recoveryDelivery') => origins[key].source === 'flag' || origins[key].source === 'environment';
  if (given('preset')) throw new UsageError(`${origins.preset.name} and a policy file contradict each other: name the preset in the file.`);
  const { loadPolicy } = await import('../policy/load.ts');
  const policy = await loadPolicy(path, operations);
  if (given('recoveryDelivery') && policy.recovery !== undefined) {
    throw new UsageError(`${origins.recoveryDelivery.name} and the policy file both say where recovery codes go. Keep one of them.`);
  }
  return policy;
}
