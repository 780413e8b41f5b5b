/** A preset as a policy, with every default: what holds without a file, and where a file says nothing. Pure. */
import { hashOf } from './hash.ts';
import type { ApproverPolicy, Limits, Policy } from './policy.ts';
import type { PresetName } from './presets.ts';

export const LIMITS: Limits = {
  asked: 60,
  waiting: 5,
  waitingInAll: 50,
  destructive: 30,
  takeover: 20,
  recoveryPerTarget: 3,
  allowedIn10Min: 20,
  batchItems: 1_000,
  massShare: 0.01,
  massAtLeast: 100,
  declines: 3,
  coolDownMinutes: 10,
  identitiesRead: 1_000,
  chainHours: 72,
};

export const APPROVERS: ApproverPolicy = { waitHours: 24, phrase: false, pageMinutes: 30, who: [] };

export const presetPolicy = (preset: PresetName): Policy => ({
  name: `preset "${preset}"`,
  hash: hashOf({ preset }),
  preset,
  rules: [],
  protected: [],
  confirmBy: 'form',
  limits: LIMITS,
  hide: [],
  recovery: undefined,
  approvers: APPROVERS,
});
