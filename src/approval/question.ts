/** What a person reads before they agree: rendered from the plan that is carried out, with every word of others quoted. Pure. */
import { clean, own, say, type Said } from '../lib/text.ts';
import type { Operation, Plan } from '../operation.ts';

export interface Question {
  readonly message: string;
  /** The title of the form's only field. */
  readonly title: string;
  /** What must be typed. */
  readonly phrase: string;
}

/** A phrase is an identifier: it is shown in full, up to what any identifier can be. */
const PHRASE_CAP = 1000;

export function questionFor(op: Operation, plan: Plan, { kratos, because }: { kratos: string; because: string }): Question {
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
    say`Anything else, or declining, leaves everything as it is.`,
  ];
  return { message: lines.join('\n'), title: `Type ${phrase} to agree`, phrase };
}

const fold = (text: string) => text.normalize('NFC').trim().toLowerCase();

/** Consent is exactly one string, and it is the phrase; trimming and letter case aside. Anything else an `accept` may carry is none. */
export function agrees(content: unknown, phrase: string): boolean {
  if (typeof content !== 'object' || content === null || phrase === '') return false;
  const [only, ...others] = Object.entries(content);
  if (only === undefined || others.length > 0) return false;
  const [name, typed]: [string, unknown] = only;
  return name === 'typed' && typeof typed === 'string' && fold(typed) === fold(phrase);
}
