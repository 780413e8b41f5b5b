/** Whether others notice while somebody attacks: how long their reads take, beside the same without. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { built } from '../../bench/built.ts';
import type { Issuer } from '../../bench/issuer.ts';
import { Client } from './client.ts';
import { quantile } from './tally.ts';
import type { Person } from './wire.ts';

const ATTACKER = built('build/test/load/attacker.js');
const BYSTANDERS = 10;
const STRANGERS = 10_000;

export interface Scene {
  readonly url: string;
  readonly issuer: Issuer;
  readonly people: readonly Person[];
  readonly tokenFor: (subject: string, kid?: string) => Promise<string>;
  readonly folder: string;
  readonly seconds: number;
}

export interface Suffered {
  readonly attack: string;
  /** Milliseconds: the reads of others. */
  readonly p99: number;
  readonly calls: number;
  readonly failed: number;
  /** What the attacker saw. */
  readonly told: string;
}

/** With nobody's attack before and after each: what they are measured by, on a machine that does other things, too. */
export async function underAttack(scene: Scene): Promise<readonly Suffered[]> {
  const file = `${scene.folder}/tokens`;
  const tokens: string[] = [];
  for (let index = 0; index < STRANGERS; index += 1) tokens.push(await scene.tokenFor('stranger', `unknown-${index}`));
  writeFileSync(file, tokens.join('\n'));
  const own = await scene.tokenFor('attacker');
  const { url, seconds } = scene;
  const attacker = (attack: string) => async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [ATTACKER, attack, url, String(seconds), own, file], {
      timeout: (seconds + 60) * 1_000,
    });
    return stdout.trim();
  };
  const readsBefore = scene.issuer.reads();
  const quiet = () => suffer('none', scene, () => pause(seconds * 1_000, ''));
  const found: Suffered[] = [await quiet()];
  for (const attack of ['loris', 'bombing', 'strangers']) {
    found.push(await suffer(attack, scene, attacker(attack)));
    await pause(2_000);
    found.push(await quiet());
  }
  const reads = scene.issuer.reads() - readsBefore;
  return found.map((it) => (it.attack === 'strangers' ? { ...it, told: `${it.told}, keys read ${reads} times` } : it));
}

async function suffer(attack: string, { url, people, tokenFor }: Scene, work: () => Promise<string>): Promise<Suffered> {
  const took: number[] = [];
  let failed = 0;
  let isOver = false;
  const one = async (_: unknown, index: number) => {
    const client = new Client(url, await tokenFor(`bystander-${index}`));
    while (!isOver) {
      const person = people[Math.floor(Math.random() * people.length)];
      const began = performance.now();
      const answer = await client.call({ name: 'get_identity', args: { id: person?.id } }).catch(() => undefined);
      took.push(performance.now() - began);
      if (!JSON.stringify(answer ?? '').includes(person?.id ?? '-')) failed += 1;
      await pause(20 + Math.random() * 60);
    }
    await client.close();
  };
  const bystanders = Array.from({ length: BYSTANDERS }, one);
  const told = await work();
  isOver = true;
  await Promise.all(bystanders);
  return { attack, p99: quantile(took, 0.99), calls: took.length, failed, told };
}
