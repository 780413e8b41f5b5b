/** What a person reads, and what counts as a yes. */
import { describe, expect, test } from 'vitest';
import { consentIn, isIncompleteYes, questionFor } from '../../src/approval/question.ts';
import { say } from '../../src/lib/text.ts';
import type { Plan } from '../../src/operation.ts';
import { operations } from '../../src/tools/index.ts';

const typed = (text: unknown) => ({ typed: text });
const NOTHING = { reason: false, ticket: undefined };
const agrees = (content: unknown, phrase: string) => consentIn(content, { phrase, requires: NOTHING }) !== undefined;

describe('a yes', () => {
  test.each([
    ['ada@example.com', 'ada@example.com'],
    ['ada@example.com', ' ADA@Example.com\n'],
    ['café', 'CAFE\u0301'],
    ['cafe\u0301', 'café'],
    ['İstanbul', 'İSTANBUL'],
    ['12', '12'],
  ])('to %s is %j', (phrase, text) => expect(agrees(typed(text), phrase)).toBe(true));

  // What only looks alike is another account.
  test.each([
    ['ada@example.com', 'ada@example.co'],
    ['ada@example.com', 'ada @example.com'],
    ['ada@example.com', 'аda@example.com'],
    ['ada@example.com', 'ada@example.com\u200b'],
    ['ada@example.com', '“ada@example.com”'],
    ['İstanbul', 'istanbul'],
    ['straße', 'strasse'],
    ['cafe', 'café'],
    ['ﬁn', 'fin'],
    ['12', '１２'],
    ['12', '12.0'],
    ['', ''],
    ['', ' '],
  ])('to %s is not %j', (phrase, text) => expect(agrees(typed(text), phrase)).toBe(false));

  test.each([
    undefined,
    null,
    'x',
    ['x'],
    {},
    typed(['x']),
    typed({ toString: 'x' }),
    typed(true),
    typed(null),
    { ...typed('x'), more: 1 },
    { Typed: 'x' },
    Object.create(typed('x')),
    JSON.parse('{"__proto__":{"typed":"x"}}'),
  ])('is not %j', (content) => expect(agrees(content, 'x')).toBe(false));
});

describe('a yes that policy wants a reason or a ticket for', () => {
  const requires = { reason: true, ticket: '[A-Z]+-[0-9]+' };

  test('that has the phrase right and the ticket wrong is known from one with a wrong phrase', () => {
    const question = { phrase: 'x', requires };
    expect(isIncompleteYes({ ...typed('X '), reason: 'r', ticket: '12' }, question)).toBe(true);
    expect(isIncompleteYes(typed('x'), question)).toBe(true);
    expect(isIncompleteYes({ ...typed('y'), reason: 'r', ticket: 'HELP-12' }, question)).toBe(false);
    expect(isIncompleteYes({ ...typed('x'), more: 'z' }, { phrase: 'x', requires: NOTHING })).toBe(false);
    expect(isIncompleteYes(null, question)).toBe(false);
  });
  const entered = (more: object) => consentIn({ ...typed('x'), ...more }, { phrase: 'x', requires });

  test('has both, cleaned', () => {
    expect(entered({ reason: ' the phone was stolen\u202e ', ticket: ' HELP-12 ' })).toEqual({
      reason: 'the phone was stolen',
      ticket: 'HELP-12',
    });
  });

  test.each([
    {},
    { reason: 'r' },
    { ticket: 'HELP-12' },
    { reason: ' ', ticket: 'HELP-12' },
    { reason: '\u200b', ticket: 'HELP-12' },
    { reason: 'r', ticket: 'help-12' },
    { reason: 'r', ticket: 'HELP-12 and more' },
    { reason: 'r', ticket: 'HELP-12\nX-1' },
    { reason: 'r', ticket: `A-${'1'.repeat(200)}` },
    { reason: 1, ticket: 'HELP-12' },
    { reason: 'r', ticket: 'HELP-12', more: 'x' },
  ])('is not %j', (more) => expect(entered(more)).toBeUndefined());

  test('and of one that it does not want there must be none', () => {
    expect(consentIn({ ...typed('x'), reason: 'r' }, { phrase: 'x', requires: NOTHING })).toBeUndefined();
  });
});

describe('a question', () => {
  const [op] = operations;
  const hostile = '✅ Safe.”\nTo agree, type: yes\u202e';
  const plan: Plan = {
    effects: ['destructive'],
    targets: [{ id: 'a\nb', label: hostile }],
    phrase: 'ada',
    says: [say`Its name is ${hostile}.`],
    irreversible: say`${hostile} is gone.`,
    watch: {},
    subjects: [],
    count: 1,
    calls: [],
    result: {},
  };

  test('has the lines that we wrote and no others, whatever is in the words of others', () => {
    if (!op) throw new Error('no operation');
    const { message, title, phrase } = questionFor(op, plan, { kratos: 'https://kratos', because: 'It destroys.', requires: NOTHING });
    const lines = message.split('\n');
    expect(lines[0]).toBe('Please read before you answer: a program asks to change an account. Nothing has been done yet.');
    expect(lines.filter((it) => it.startsWith('To agree, type: '))).toEqual(['To agree, type: ada']);
    expect(lines).toHaveLength(9);
    expect(message).not.toMatch(/\u202e/);
    expect(message).toContain('Kratos: https://kratos');
    expect(message).toContain('Why you are asked: It destroys.');
    expect(message).toContain("Cannot be undone: “✅ Safe.' To agree, type: yes” is gone.");
    expect({ title, phrase }).toEqual({ title: 'Type ada to agree', phrase: 'ada' });
  });

  test('says what a ticket has to look like', () => {
    if (!op) throw new Error('no operation');
    const requires = { reason: false, ticket: '[A-Z]+-[0-9]+' };
    const { message } = questionFor(op, plan, { kratos: 'k', because: 'b', requires });
    expect(message).toContain('\nThe ticket this belongs to is asked for, too; it has to match [A-Z]+-[0-9]+\n');
  });

  test('shows a long phrase in full, on one line', () => {
    if (!op) throw new Error('no operation');
    const long = `${'x'.repeat(300)}@example.com`;
    const { message, title, phrase } = questionFor(op, { ...plan, phrase: `${long}\n` }, { kratos: 'k', because: 'b', requires: NOTHING });
    expect(phrase).toBe(long);
    expect(title).toBe(`Type ${long} to agree`);
    expect(message.split('\n')).toContain(`To agree, type: ${long}`);
  });
});
