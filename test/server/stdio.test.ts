/** Lines as they come in: in any pieces, with anything in them. */
import { describe, expect, test } from 'vitest';
import { seed } from '../../src/seed.ts';
import { harness } from '../support/harness.ts';
import { called, ERAS, type Era, type Peer } from '../support/peer.ts';

const ID = 70;
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'peer', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A call with its arguments as text; `beside` goes into its `_meta`. */
function lineOf(era: Era, tool: string, [args, beside = '']: readonly string[]): string {
  const meta = era === 'modern' ? JSON.stringify(ENVELOPE).slice(1, -1) : '"x":1';
  return `{"jsonrpc":"2.0","id":${ID},"method":"tools/call","params":{"name":"${tool}","arguments":${args},"_meta":{${meta}${beside}}}}`;
}
const patchOf = (value: string) => `{"id":"${seed.ada}","json_patch":[{"op":"add","path":"/traits/name/first","value":${value}}]}`;

async function opened(era: Era = 'legacy') {
  const it = harness();
  return { it, peer: await it.open({ era }) };
}
const inTime = (answer: Promise<unknown>) =>
  Promise.race([answer, new Promise((resolve) => setTimeout(() => resolve('none'), 150).unref())]);
const isAlive = async (peer: Peer) => !(await peer.once('get_identity', { id: seed.ada })).isError;

describe.each(ERAS)('%s: what a parser would change or drop', (era) => {
  test.each([
    ['an integer', lineOf(era, 'patch_identity', [patchOf('9007199254740993')]), /9007199254740993 cannot be carried exactly/],
    ['a fraction', lineOf(era, 'patch_identity', [patchOf('0.12345678901234567890')]), /cannot be carried exactly/],
    ['one that underflows', lineOf(era, 'patch_identity', [patchOf('1e-400')]), /cannot be carried exactly/],
    ['one before a carriage return', `${lineOf(era, 'patch_identity', [patchOf('1e400')])}\r`, /cannot be carried exactly/],
    [
      '__proto__ at the top',
      lineOf(era, 'get_identity', [`{"id":"${seed.ada}","__proto__":{"view":"full"}}`]),
      /__proto__ .* not accepted/,
    ],
    ['__proto__ in escapes', lineOf(era, 'get_identity', [`{"id":"${seed.ada}","\\u005f_proto_\\u005F":1}`]), /__proto__ .* not accepted/],
    [
      '__proto__ in a list',
      lineOf(era, 'patch_identity', [patchOf('[{"__proto__":1}]')]),
      /__proto__ at \/json_patch\/0\/value\/0 is not accepted/,
    ],
    ['constructor at the top', lineOf(era, 'get_identity', [`{"id":"${seed.ada}","constructor":1}`]), /constructor at \/ is not accepted/],
  ])('%s is refused by name, and nothing is sent', async (_name, line, problem) => {
    const { it, peer } = await opened(era);
    const answer = called(await peer.writeLine(line, ID));
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(problem);
    expect(it.wire).toEqual([]);
    await peer.close();
  });

  test('depth hides no number', async () => {
    const { it, peer } = await opened(era);
    const deep = `,"deep":${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    await inTime(peer.writeLine(lineOf(era, 'patch_identity', [patchOf('0.12345678901234567890'), deep]), ID));
    expect(it.wire).toEqual([]);
    expect(await isAlive(peer)).toBe(true);
    await peer.close();
  });
});

test('digits inside texts are passed on as they are', async () => {
  const { it, peer } = await opened();
  const text = 'n 9007199254740993 {"a":9007199254740993} \\u005f_proto__';
  await peer.writeLine(lineOf('legacy', 'patch_identity', [patchOf(JSON.stringify(text))]), ID);
  expect(JSON.parse(it.writes()[0]?.body ?? '')).toMatchObject([{ value: text }]);
  await peer.close();
});

test('a line may come in any pieces, cut inside characters and numbers', async () => {
  const { it, peer } = await opened();
  const bytes = Buffer.from(`${lineOf('legacy', 'patch_identity', [patchOf('"Ада 😀 é"')])}\n`);
  await peer.writeLine(
    Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
    ID,
  );
  expect(JSON.parse(it.writes()[0]?.body ?? '')).toMatchObject([{ value: 'Ада 😀 é' }]);
  const lossy = Buffer.from(`${lineOf('legacy', 'patch_identity', [patchOf('9007199254740993')])}\n`);
  const middle = lossy.indexOf('740993');
  const answer = called(await peer.writeLine([lossy.subarray(0, middle), lossy.subarray(middle)], ID));
  expect(answer.text).toMatch(/9007199254740993 cannot/);
  await peer.close();
});

test('several lines in one piece are read one by one, up to the unfinished one', async () => {
  const { it, peer } = await opened();
  const line = (value: string) => `${lineOf('legacy', 'patch_identity', [patchOf(value)])}\n`;
  const bytes = Buffer.from(line('1e400') + line('"Second"'));
  await peer.writeLine([bytes.subarray(0, -9)], ID); // the first is answered
  await peer.writeLine([bytes.subarray(-9)], ID);
  expect(it.writes().map(({ body }) => JSON.parse(body ?? '') as unknown)).toMatchObject([[{ value: 'Second' }]]);
  await peer.close();
});

test.each([
  ['a batch', (line: string) => `[${line}]`],
  ['a notification', (line: string) => line.replace(`"id":${ID},`, '')],
  ['a byte order mark', (line: string) => `\ufeff${line}`],
  ['no JSON', (line: string) => line.slice(1)],
  ['parameters that are a list', () => `{"jsonrpc":"2.0","id":${ID},"method":"tools/call","params":[]}`],
  ['no message', () => 'null'],
  ['nothing', () => ''],
])('%s carries nothing out, and the connection lives on', async (_name, made) => {
  const { it, peer } = await opened();
  await inTime(peer.writeLine(made(lineOf('legacy', 'patch_identity', [patchOf('"Somebody"')])), ID));
  expect(it.wire).toEqual([]);
  expect(await isAlive(peer)).toBe(true);
  await peer.close();
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''])('there is no tool %j', async (name) => {
  const { it, peer } = await opened();
  expect((await peer.once(name, {})).isError).toBe(true);
  expect(it.wire).toEqual([]);
  await peer.close();
});

test('a line of more than a mebibyte ends the connection and carries nothing out', async () => {
  const { it, peer } = await opened();
  await inTime(peer.writeLine(lineOf('legacy', 'patch_identity', [patchOf(`"${'x'.repeat(1024 * 1024)}"`)]), ID));
  expect(it.wire).toEqual([]);
  expect(await inTime(isAlive(peer))).toBe('none');
});
