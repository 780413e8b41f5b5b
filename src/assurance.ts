/**
 * How far the surroundings keep an agent from the approver's factor, from least to most; what each needs is in docs/threat-model.md. stdio
 * is always L0.
 */
export const LEVELS = ['L0', 'L1', 'L2', 'L3'] as const;
export type Level = (typeof LEVELS)[number];
