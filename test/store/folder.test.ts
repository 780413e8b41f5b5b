/** The state folder: nobody else's, and with one key that is whole. */
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { openFolder } from '../../src/store/folder.ts';
import { temporary } from './support.ts';

const root = process.getuid?.() === 0;
const path = () => join(temporary(), 'a', 'state');

describe('a new folder', () => {
  test('is made with its parents, for its owner alone, with a key of 32 bytes', () => {
    const folder = openFolder(path());
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
    expect(statSync(folder.file('key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(folder.file('key'))).toHaveLength(32);
    expect(readdirSync(folder.path)).toEqual(['key']);
  });

  test('also where the process makes files that everybody may read', () => {
    const before = process.umask(0);
    try {
      const folder = openFolder(path());
      expect(statSync(folder.path).mode & 0o777).toBe(0o700);
      expect(statSync(folder.file('key')).mode & 0o777).toBe(0o600);
    } finally {
      process.umask(before);
    }
  });
});

describe('the key', () => {
  test('is the same each time, differs per purpose and per folder, and is never the secret itself', () => {
    const at = path();
    const [one, again, other] = [openFolder(at), openFolder(at), openFolder(path())];
    const keys = [
      one.key('seal'),
      one.key('pseudonyms'),
      one.key('approvers'),
      one.key('state'),
      other.key('seal'),
      readFileSync(one.file('key')),
    ];
    expect(again.key('seal')).toEqual(one.key('seal'));
    expect(new Set(keys.map((it) => it.toString('hex'))).size).toBe(keys.length);
    expect(new Set(keys.map((it) => it.length))).toEqual(new Set([32]));
  });

  test.each([0, 31, 33])('of %i bytes is damaged: no start, and it stays as it is', (length) => {
    const at = path();
    const key = openFolder(at).file('key');
    writeFileSync(key, Buffer.alloc(length));
    expect(() => openFolder(at)).toThrow(UsageError);
    expect(() => openFolder(at)).toThrow(/has a damaged key\. Name another one with --state-dir/);
    expect(readFileSync(key)).toHaveLength(length);
  });

  test('that others may read: no start', () => {
    const at = path();
    chmodSync(openFolder(at).file('key'), 0o644);
    expect(() => openFolder(at)).toThrow(/has a key that others may read/);
  });

  test('that is a folder: no start', () => {
    const at = path();
    const key = openFolder(at).file('key');
    rmSync(key);
    mkdirSync(key, { mode: 0o700 });
    expect(() => openFolder(at)).toThrow(/has a key that cannot be read/);
  });
});

describe('a folder that is not ours alone: no start', () => {
  test.each([0o755, 0o750, 0o701, 0o770])('entered by others (%i)', (mode) => {
    const at = path();
    openFolder(at);
    chmodSync(at, mode);
    expect(() => openFolder(at)).toThrow(UsageError);
    expect(() => openFolder(at)).toThrow(/can be entered by others \(chmod 700 it/);
  });

  test('a file', () => {
    const at = path();
    writeFileSync(join(temporary(), 'x'), '');
    mkdirSync(join(at, '..'), { recursive: true });
    writeFileSync(at, '');
    expect(() => openFolder(at)).toThrow(/cannot be made|is no folder/);
  });

  test('a link to one, which could be turned elsewhere', () => {
    const at = path();
    const real = openFolder(path()).path;
    mkdirSync(join(at, '..'), { recursive: true });
    symlinkSync(real, at);
    expect(() => openFolder(at)).toThrow(/is no folder/);
  });

  test.runIf(root)("another user's", () => {
    const at = path();
    openFolder(at);
    chownSync(at, 65_534, 65_534);
    expect(() => openFolder(at)).toThrow(/belongs to another user/);
  });

  test('where nothing can be made', () => {
    expect(() => openFolder('/dev/null/state')).toThrow(/cannot be made\. Name another one/);
  });
});
