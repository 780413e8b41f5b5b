/** What a person enters with a yes because policy requires it, wherever they say it. Pure. */
import { clean } from '../lib/text.ts';
import type { Requirements } from './policy.ts';

export interface Entered {
  readonly reason?: string;
  readonly ticket?: string;
}

const REASON_CAP = 500;
const TICKET_CAP = 100;

/** Cleaned; undefined where the reason or the ticket that is required is missing or does not fit. What is not required is dropped. */
export function enteredIn(given: { readonly reason: string; readonly ticket: string }, requires: Requirements): Entered | undefined {
  const reason = clean(given.reason, REASON_CAP).text.trim();
  const ticket = given.ticket.normalize('NFC').trim();
  if (requires.reason && reason === '') return undefined;
  if (requires.ticket !== undefined && !(ticket.length <= TICKET_CAP && new RegExp(`^(?:${requires.ticket})$`, 'u').test(ticket)))
    return undefined;
  return { ...(requires.reason && { reason }), ...(requires.ticket !== undefined && { ticket }) };
}
