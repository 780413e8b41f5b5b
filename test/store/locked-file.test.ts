import { readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { lockedFile, LockLost } from '../../src/store/locked-file.ts';
import { temporary } from './support.ts';

describe('a file under a lock', () => {
  const path = () => `${temporary()}/it`;
  const set = (text: string) => () => ({ text, result: undefined, durable: false });

  test('a change that throws writes nothing, and the next one is not held up', async () => {
    const file = lockedFile(path());
    await file.update(set('one'));
    const failing = file.update(() => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(file.read()).toBe('one');
    await file.update(set('two'));
    expect(file.read()).toBe('two');
  });

  test('whoever hung for so long that another wrote meanwhile writes nothing, and leaves nothing', async () => {
    const file = lockedFile(path());
    await file.update(set('one'));
    const hung = file.update(() => {
      writeFileSync(file.path, 'the other');
      return { text: 'mine', result: undefined, durable: true };
    });
    await expect(hung).rejects.toThrow(LockLost);
    expect(file.read()).toBe('the other');
    expect(readdirSync(file.path.slice(0, -3))).toEqual(['it']);
  });

  test('a hundred changes at once are one after another', async () => {
    const file = lockedFile(path());
    const more = (text: string | undefined) => ({ text: `${Number(text ?? 0) + 1}`, result: undefined, durable: false });
    await Promise.all(Array.from({ length: 100 }, () => file.update(more)));
    expect(file.read()).toBe('100');
  });
});
