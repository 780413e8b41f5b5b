/** What policy says about a call: a pure function of its effects. Fails closed: what cannot be classified is denied. */
import type { ChangeEffect } from '../operation.ts';
import { MEANING, presets, type PresetName, type Standing } from './presets.ts';

export interface Verdict {
  readonly kind: 'allow' | 'confirm' | 'approve' | 'deny';
  /** Which rule decided; part of what is sealed. */
  readonly rule: string;
  /** The same for people, one sentence. */
  readonly because: string;
}

const STRICTNESS: Readonly<Record<Standing, number>> = { allow: 0, confirm: 1, approve: 2, 'not offered': 3 };

/** All effects are judged, and the strictest verdict counts. `listed` is what the operation says its calls can be. */
export function judge(presetName: PresetName, effects: readonly ChangeEffect[], listed: readonly ChangeEffect[]): Verdict {
  const preset = presets[presetName];
  const [first, ...others] = effects;
  const known = effects.every((it) => listed.includes(it) && Object.hasOwn(preset, it));
  if (first === undefined || !known) {
    return { kind: 'deny', rule: 'unclassified', because: 'What this call would do could not be classified.' };
  }
  const strictest = others.reduce((worst, it) => (STRICTNESS[preset[it]] > STRICTNESS[preset[worst]] ? it : worst), first);
  const standing = preset[strictest];
  return {
    kind: standing === 'not offered' ? 'deny' : standing,
    rule: `${presetName}/${strictest}`,
    because: `This call ${effects.map((it) => MEANING[it]).join(', and it ')}; preset "${presetName}" says "${standing}" to "${strictest}".`,
  };
}
