/** A process that writes into the ledger of a folder and says what was acknowledged. For tests about several processes, and about their death. */
import { once } from 'node:events';
import { openLedger } from '../../src/audit/ledger.ts';
import { openFolder } from '../../src/store/folder.ts';

const [path = '', instance = '', count = '0', maxBytes = '67108864'] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

const ledger = await openLedger({
  folder: openFolder(path),
  kratosUrl: 'http://kratos:4434/',
  level: 'L0',
  instance,
  now: Date.now,
  maxBytes: Number(maxBytes),
});
say('ready');
await once(process.stdin, 'data'); // so that several begin at the same time
process.stdin.destroy();
for (let i = 1; i <= Number(count); i += 1) {
  ledger.note({ event: 'read', tool: 'get_identity', count: i });
  try {
    await ledger.durable({ event: 'intent', tool: 'delete_identity', count: i });
    say(`kept ${i}`);
  } catch (error) {
    say(`refused ${error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'}`);
    break;
  }
}
await ledger.close();
