/** How far a condition holds: it does, it does not, or nobody can know. What is not known counts where that is the stricter. Pure. */
import type { Match } from './globs.ts';

export interface Fit {
  readonly kind: 'yes' | 'unsure' | 'no';
  /** What did not fit, or is not known; a clause for people. Empty where all fits. */
  readonly why: string;
}
export const FITS: Fit = { kind: 'yes', why: '' };
export const no = (why: string): Fit => ({ kind: 'no', why });
export const unsure = (why: string): Fit => ({ kind: 'unsure', why });

/** `otherwise`: what is said where it does not match. */
export const fitOf = (match: Match, otherwise: string): Fit =>
  match === 'yes' ? FITS : match === 'near' ? unsure(`${otherwise} (it does but for upper and lower case)`) : no(otherwise);

/** One that does not fit settles it; else one that is not known. */
export function all(fits: readonly Fit[]): Fit {
  return fits.find((it) => it.kind === 'no') ?? fits.find((it) => it.kind === 'unsure') ?? FITS;
}
