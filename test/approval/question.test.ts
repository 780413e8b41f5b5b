/** What a person reads, and what counts as a yes. */
import { describe, expect, test } from 'vitest';
import { agrees, questionFor } from '../../src/approval/question.ts';
import { say } from '../../src/lib/text.ts';
import type { Plan } from '../../src/operation.ts';
import { operations } from '../../src/tools/index.ts';

const typed = (text: unknown) => ({ typed: text });

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
    calls: [],
    result: {},
  };

  test('has the lines that we wrote and no others, whatever is in the words of others', () => {
    if (!op) throw new Error('no operation');
    const { message, title, phrase } = questionFor(op, plan, { kratos: 'https://kratos', because: 'It destroys.' });
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

  test('shows a long phrase in full, on one line', () => {
    if (!op) throw new Error('no operation');
    const long = `${'x'.repeat(300)}@example.com`;
    const { message, title, phrase } = questionFor(op, { ...plan, phrase: `${long}\n` }, { kratos: 'k', because: 'b' });
    expect(phrase).toBe(long);
    expect(title).toBe(`Type ${long} to agree`);
    expect(message.split('\n')).toContain(`To agree, type: ${long}`);
  });
});
