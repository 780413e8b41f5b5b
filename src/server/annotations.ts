/** What the protocol says about a tool before it is called, from the operation alone. Fixed per tool: a call's effect is announced at its worst. */
import type { ChangeEffect, Operation } from '../operation.ts';

export interface Annotations {
  readonly title: string;
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  /** Never: every tool works on the one configured Kratos. */
  readonly openWorldHint: false;
}

/** Below `privilege`; an effect that nobody has thought of counts as destructive. */
const GENTLE: ReadonlySet<ChangeEffect> = new Set(['write']);

export function annotations(op: Operation): Annotations {
  if (op.kind === 'read') {
    return { title: op.title, readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
  }
  return {
    title: op.title,
    readOnlyHint: false,
    destructiveHint: op.effects.some((it) => !GENTLE.has(it)),
    idempotentHint: op.idempotent,
    openWorldHint: false,
  };
}
