import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createLocks, LockBusy } from '../../src/lib/mutex.ts';

describe('locks', () => {
  test('who asks first runs first, one at a time', async () => {
    const locks = createLocks();
    const log: string[] = [];
    const work = (name: string) =>
      locks.run(['a'], async () => {
        log.push(`${name} in`);
        await sleep(2);
        log.push(`${name} out`);
      });
    await Promise.all([work('1'), work('2'), work('3')]);
    expect(log).toEqual(['1 in', '1 out', '2 in', '2 out', '3 in', '3 out']);
  });

  test('other keys do not wait', async () => {
    const locks = createLocks();
    const never = locks.run(['a'], () => sleep(200));
    const at = performance.now();
    await locks.run(['b'], async () => {});
    expect(performance.now() - at).toBeLessThan(100);
    await never;
  });

  test('keys in opposite order do not wait for each other for ever', async () => {
    const locks = createLocks();
    const runs = Array.from({ length: 20 }, (_, index) => locks.run(index % 2 ? ['a', 'b', 'a'] : ['b', 'a'], () => sleep(1)));
    await expect(Promise.all(runs)).resolves.toHaveLength(20);
  });

  test('a throw gives the locks back, and reaches the caller', async () => {
    const locks = createLocks();
    await expect(locks.run(['a', 'b'], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(locks.run(['b', 'a'], async () => 'in')).resolves.toBe('in');
  });

  test('a wait that takes too long is refused, keeps nothing and skips nobody', async () => {
    const locks = createLocks();
    let begun = false;
    const holder = locks.run(['b'], () => sleep(60));
    const hasty = locks.run(
      ['a', 'b'],
      async () => {
        begun = true;
      },
      { waitMs: 10 },
    );
    const patient = locks.run(['b'], async () => 'in');
    await expect(hasty).rejects.toBeInstanceOf(LockBusy);
    await expect(locks.run(['a'], async () => 'free')).resolves.toBe('free');
    await expect(patient).resolves.toBe('in');
    await holder;
    expect(begun).toBe(false);
  });

  test('nothing is kept once everybody is done', async () => {
    const locks = createLocks();
    await Promise.all(Array.from({ length: 50 }, (_, index) => locks.run([`k${index % 7}`], () => sleep(1))));
    expect(locks.size).toBe(0);
  });
});
