/** Several processes on one folder, and the death of one of them. */
import { expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { writers } from './processes.ts';
import { openIn, recordsOf, stateFolder, verifyFolder } from './support.ts';

const start = writers();
const kept = (said: readonly string[]) => said.filter((it) => it.startsWith('kept')).map((it) => Number(it.slice(5)));

test.each([
  ['one file', '67108864'],
  ['files that are full again and again', '20000'],
])('two processes write into %s: one whole chain, each record once', async (_what, maxBytes) => {
  const folder = stateFolder();
  const pair = ['one', 'two'].map((name) => start([folder.path, name, '150', maxBytes]));
  await Promise.all(pair.map((it) => it.ready));
  for (const it of pair) it.go();
  await Promise.all(pair.map((it) => it.ended));
  for (const it of pair) expect(kept(it.said())).toHaveLength(150);
  const records = await recordsOf(folder);
  expect(records.map((it) => it.seq)).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
  for (const name of ['one', 'two']) {
    const its = records.filter((it) => it.instance === name);
    for (const event of ['intent', 'read']) {
      expect(its.filter((it) => it.event === event).map((it) => it.count)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
    }
  }
  const handovers = records.filter((it, i) => i > 0 && it.instance !== records[i - 1]?.instance).length;
  expect(handovers).toBeGreaterThan(1); // they did run at the same time
  const report = await verifyFolder(folder);
  expect(report).toMatchObject({ ok: true, records: 600, problems: [] });
  expect(report.files.length > 1).toBe(maxBytes === '20000');
});

test('a process that is killed in the middle leaves all that it acknowledged, and a chain that goes on', async () => {
  const folder = stateFolder();
  for (let round = 0; round < 5; round += 1) {
    const writer = start([folder.path, `run-${round}`, '100000', '30000']);
    await writer.ready;
    writer.go();
    await writer.hears(/^kept 5$/);
    await sleep(round * 13);
    writer.child.kill('SIGKILL');
    await writer.ended;
    const acknowledged = kept(writer.said()).length;
    const its = (await recordsOf(folder)).filter((it) => it.instance === `run-${round}` && it.event === 'intent');
    expect(its.length).toBeGreaterThanOrEqual(acknowledged);
    expect(its.length).toBeLessThanOrEqual(acknowledged + 1);
    expect(await verifyFolder(folder)).toMatchObject({ ok: true, problems: [] });
  }
  const { ledger } = await openIn(folder);
  await ledger.durable({ event: 'started' });
  await ledger.close();
  expect(await verifyFolder(folder)).toMatchObject({ ok: true, problems: [] });
});
