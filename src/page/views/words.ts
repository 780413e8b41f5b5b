/** Times and states in words. Pure, but for the zone of this machine, which is the person's. */
import type { PlanRecord } from '../../store/types.ts';
import { html, type Html } from '../html.ts';

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
});

export const when = (at: number): Html => html`<time datetime="${new Date(at).toISOString()}">${CLOCK.format(at)}</time>`;

export function span(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  if (minutes >= 48 * 60) return `${Math.round(minutes / 60 / 24)} days`;
  if (minutes >= 120) return `${Math.round(minutes / 60)} hours`;
  return minutes <= 1 ? 'less than a minute' : `${minutes} minutes`;
}

export interface Standing {
  /** The heading of the plan's page and the word of the list. */
  readonly word: string;
  readonly tone: 'waiting' | 'good' | 'bad' | 'calm';
  readonly text: string;
  /** Seconds until it is worth looking again; undefined: it has ended. */
  readonly againS?: number;
}

/** How a plan stands, for the person who decided it. */
export function standingOf({ state, outcome }: Pick<PlanRecord, 'state' | 'outcome'>): Standing {
  switch (state) {
    case 'waiting':
      return { word: 'Waiting for a decision', tone: 'waiting', text: 'Nothing has been done yet.', againS: 5 };
    case 'approved':
      return {
        word: 'Approved, not carried out yet',
        tone: 'waiting',
        text: 'Go back to the chat and say “continue” there, or let whoever asked do that (a command in a terminal goes on by itself). This page follows what happens.',
        againS: 3,
      };
    case 'claimed':
      return { word: 'Being carried out', tone: 'waiting', text: 'This page follows what happens.', againS: 2 };
    case 'done':
      return ended(outcome);
    case 'declined':
      return { word: 'Denied', tone: 'calm', text: 'Nothing was changed, and the same request is not asked about again for a while.' };
    case 'expired':
      return { word: 'Lapsed', tone: 'calm', text: 'The time ran out. Nothing was changed.' };
    case 'void':
      return {
        word: 'Withdrawn',
        tone: 'calm',
        text: `This request no longer counts${outcome === 'stale' ? ': the account changed meanwhile' : ''}. Nothing was changed.`,
      };
  }
}

function ended(outcome: string | undefined): Standing {
  if (outcome === 'executed') return { word: 'Done', tone: 'good', text: 'It was carried out as you approved it.' };
  if (outcome === 'unchanged') return { word: 'Nothing to do', tone: 'calm', text: 'Everything was as it should be already.' };
  if (outcome === 'stale') {
    return {
      word: 'Not carried out',
      tone: 'calm',
      text: 'The account changed after you approved. Nothing was sent; it has to be asked afresh.',
    };
  }
  if (outcome === 'unknown') {
    const text = 'It may or may not have been carried out, and it is not sent again. Look at the account before anything else is done.';
    return { word: 'Outcome unknown', tone: 'bad', text };
  }
  return { word: 'Failed', tone: 'bad', text: 'Kratos refused it. Nothing was changed.' };
}
