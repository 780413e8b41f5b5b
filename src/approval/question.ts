/** What a person reads before they agree: rendered from the plan that is carried out, with every word of others quoted. Pure. */
import { clean, own, say, type Said } from '../lib/text.ts';
import type { Operation, Plan } from '../operation.ts';
import { enteredIn, type Entered } from '../policy/entered.ts';
import type { Requirements } from '../policy/policy.ts';

export interface Question {
  readonly message: string;
  /** The title of the form's only field. */
  readonly title: string;
  /** What must be typed. */
  readonly phrase: string;
  /** What else the person enters, beside the phrase. */
  readonly requires: Requirements;
}

/** A phrase is an identifier: it is shown in full, up to what any identifier can be. */
const PHRASE_CAP = 1000;

export interface Circumstances {
  /** Which Kratos. */
  readonly kratos: string;
  readonly because: string;
  readonly requires: Requirements;
}

export function questionFor(op: Operation, plan: Plan, { kratos, because, requires }: Circumstances): Question {
  const phrase = clean(plan.phrase, PHRASE_CAP).text.trim();
  const lines: Said[] = [
    say`Please read before you answer: a program asks to change an account. Nothing has been done yet.`,
    say`Kratos: ${own(kratos)}`,
    say`Tool: ${own(op.name)} (${own(op.title)})`,
    ...plan.targets.map(({ label, id }) => (label === id ? say`Concerns: the account ${id}` : say`Concerns: ${label} (id ${id})`)),
    ...plan.says,
    ...(plan.irreversible ? [say`Cannot be undone: ${own(plan.irreversible)}`] : []),
    say`Why you are asked: ${own(because)}`,
    say`To agree, type: ${own(phrase)}`,
    ...(requires.reason ? [say`Your reason is asked for, too.`] : []),
    ...(requires.ticket === undefined ? [] : [say`The ticket this belongs to is asked for, too; it has to match ${own(requires.ticket)}`]),
    say`Anything else, or declining, leaves everything as it is.`,
  ];
  return { message: lines.join('\n'), title: `Type ${phrase} to agree`, phrase, requires };
}

/** The phrase is right, and what policy wants besides is not. */
export function isIncompleteYes(content: unknown, { phrase, requires }: Pick<Question, 'phrase' | 'requires'>): boolean {
  if (!requires.reason && requires.ticket === undefined) return false;
  const typed = typeof content === 'object' && content !== null && 'typed' in content ? content.typed : undefined;
  return consentIn({ typed }, { phrase, requires: NOTHING_MORE }) !== undefined;
}

const NOTHING_MORE: Requirements = { reason: false, ticket: undefined };

const fold = (text: string) => text.normalize('NFC').trim().toLowerCase();

/**
 * Consent is exactly the strings that were asked for, and the typed one is the phrase; trimming and letter case aside. Undefined for
 * anything else that an `accept` may carry.
 */
export function consentIn(content: unknown, { phrase, requires }: Pick<Question, 'phrase' | 'requires'>): Entered | undefined {
  if (typeof content !== 'object' || content === null || phrase === '') return undefined;
  const given = new Map<string, unknown>(Object.entries(content));
  const names = ['typed', ...(requires.reason ? ['reason'] : []), ...(requires.ticket === undefined ? [] : ['ticket'])];
  if (given.size !== names.length || !names.every((it) => typeof given.get(it) === 'string')) return undefined;
  const text = (name: string): string => {
    const value = given.get(name);
    return typeof value === 'string' ? value : '';
  };
  if (fold(text('typed')) !== fold(phrase)) return undefined;
  return enteredIn({ reason: text('reason'), ticket: text('ticket') }, requires);
}
