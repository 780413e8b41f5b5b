/** A server's share of a folder, as a process of its own: a line in (a command and its words), a line of JSON out. Bundled by the tests. */
import { createInterface } from 'node:readline';
import { randomBytes } from 'node:crypto';
import { withFileLock } from '../../src/store/file-lock.ts';
import { createApprovers } from '../../src/store/approvers.ts';
import { openFolder } from '../../src/store/folder.ts';
import { openFileStore } from '../../src/store/store.ts';
import type { NewPlan } from '../../src/store/types.ts';

const [path = '', instance = ''] = process.argv.slice(2);
const folder = openFolder(path);
const randomId = () => randomBytes(16).toString('base64url');
const store = await openFileStore(folder, { now: Date.now, randomId, instance });
const approvers = createApprovers(folder, { now: Date.now });
const say = (it: unknown) => process.stdout.write(`${JSON.stringify(it)}\n`);
const atOnce = <T>(times: number, work: () => Promise<T>) => Promise.all(Array.from({ length: times }, work));

/** From asking to the end, on and on, until somebody kills it. */
async function live(): Promise<never> {
  for (;;) {
    const name = randomId();
    const plan: NewPlan = {
      digest: name,
      request: name,
      principal: instance,
      client: 'racer',
      tool: 'delete_identity',
      effects: ['destructive'],
      targets: [name],
      ids: {},
      channel: 'page',
      kind: 'approve',
      approvals: 1,
      others: false,
      phrase: 'x'.repeat(2_000),
      requires: { reason: false, ticket: undefined },
      lifetimeMs: 60_000,
    };
    const asked = await store.plans.ask(plan, { waiting: 1_000, waitingInAll: 1_000 });
    if (asked.kind !== 'plan') throw new Error(asked.kind);
    const { id } = asked.plan;
    await store.plans.answer(id, { by: 'a', name: 'Ann', method: 'passkey', at: Date.now() });
    if (await store.plans.claim(id, plan)) say({ claimed: id, digest: name });
    await store.plans.finish(id, 'executed');
  }
}

const commands: Readonly<Record<string, (words: readonly string[]) => Promise<unknown>>> = {
  claim: async ([id = '', digest = '', principal = '', times = '']) =>
    (await atOnce(Number(times), () => store.plans.claim(id, { digest, principal }))).filter(Boolean).length,
  spend: async ([of = '', limit = '', times = '']) =>
    (
      await atOnce(Number(times), () =>
        store.counters.spend([{ budget: 'destructive', of, items: 1, limit: Number(limit), windowMs: 3_600_000 }]),
      )
    ).filter((it) => it.ok).length,
  code: async ([id = '', step = '', times = '']) =>
    (await atOnce(Number(times), () => approvers.useCode(id, Number(step)))).filter(Boolean).length,
  hold: () =>
    withFileLock(folder.file('state.json.lock'), () => {
      say('held');
      return new Promise(() => setInterval(() => {}, 1_000));
    }),
  live,
};

say('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [command = '', ...words] = line.split(' ');
  say(await commands[command]?.(words));
}
