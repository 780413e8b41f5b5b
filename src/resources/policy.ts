/** `kratos://policy`: the preset in force and the verdict per effect, as Markdown. */
import { MEANING, presets, type PresetName } from '../policy/presets.ts';

export interface PolicyFacts {
  readonly preset: PresetName;
  readonly recoveryDelivery: 'withhold' | 'reply';
}

const STANDING = {
  allow: 'carried out',
  confirm: 'a person must agree by a form',
  approve: 'refused: it needs a channel on which a person approves, and this version has none',
  'not offered': 'not offered',
} as const;

export function policyText({ preset, recoveryDelivery }: PolicyFacts): string {
  const rows = (['read', 'write', 'privilege', 'takeover', 'destructive', 'mass'] as const).map((effect) => {
    const standing = presets[preset][effect];
    return `| ${effect} | ${MEANING[effect]} | ${standing} | ${STANDING[standing]} |`;
  });
  const recovery = recoveryDelivery === 'reply' ? 'are put into the tool result' : 'are withheld: the tools that make them are refused';
  return [
    `# Policy in force: preset "${preset}"`,
    '',
    'A call can have several effects; each is judged, and the strictest verdict counts.',
    '',
    '| effect | the call | verdict | what happens |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    `Recovery codes and links ${recovery}.`,
    '',
  ].join('\n');
}
