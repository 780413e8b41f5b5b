/** What a POST to `/mcp` must be like: JSON, whole, one message, and not too much of it. */
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/server/http/limits.ts';
import { openHttpHarness } from '../../support/http.ts';
import { ERAS } from '../../support/peer.ts';
import { answerFrom, call, closeAll, echoCall, post, raw, small } from './raw.ts';

afterEach(closeAll);
const MIB = LIMITS.bodyBytes;

/** A call whose body is this long. */
function padded(bytes: number): string {
  const empty = JSON.stringify({ ...call, params: { ...call.params, _meta: { pad: '' } } });
  return JSON.stringify({ ...call, params: { ...call.params, _meta: { pad: 'x'.repeat(bytes - empty.length) } } });
}
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

describe('the head', () => {
  test.each([
    ['no type', 415, { 'Content-Type': undefined }],
    ['a form', 415, { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['plain text', 415, { 'Content-Type': 'text/plain' }],
    ['something like JSON', 415, { 'Content-Type': 'application/jsonp' }],
    ['JSON as a suffix', 415, { 'Content-Type': 'application/vnd.api+json' }],
    ['JSON after something else', 415, { 'Content-Type': 'text/plain; application/json' }],
    ['gzip', 415, { 'Content-Encoding': 'gzip' }],
    ['br', 415, { 'Content-Encoding': 'br' }],
    ['two encodings', 415, { 'Content-Encoding': 'identity, gzip' }],
    ['no Accept', 406, { Accept: undefined }],
    ['JSON only', 406, { Accept: 'application/json' }],
    ['streams only', 406, { Accept: 'text/event-stream' }],
    ['anything', 406, { Accept: '*/*' }],
    ['two types that only contain the names', 406, { Accept: 'application/jsonx, xtext/event-stream' }],
    ['a charset', 200, { 'Content-Type': 'application/json; charset=utf-8' }],
    ['another case and order', 200, { 'Content-Type': 'Application/JSON', Accept: 'text/event-stream;q=0.5, application/json' }],
    ['an unknown version', 400, { 'MCP-Protocol-Version': '1999-01-01' }],
    ['the version of 2026-07-28 without what belongs to it', 400, { 'MCP-Protocol-Version': '2026-07-28' }],
  ])('%s: %i', async (_name, status, headers) => {
    const it = await small();
    const got = await raw(it.port, echoCall(it.port, headers));
    expect(got.status).toBe(status);
    expect(got.headers['content-type']).toMatch(status === 200 ? /event-stream/ : /^application\/json$/);
    expect([got.headers['cache-control']?.includes('no-'), got.headers['x-content-type-options']]).toEqual([true, 'nosniff']);
    if (status !== 400) expect(it.entered.built).toBe(status === 200 ? 1 : 0);
  });

  test('what the head says of a 2026-07-28 message must be what it is', async () => {
    const it = await small();
    const version = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    const _meta = {
      ...version,
      'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const body = JSON.stringify({ ...call, params: { ...call.params, _meta } });
    const right = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'echo' };
    expect((await raw(it.port, post(it.port, body, right))).status).toBe(200);
    for (const wrong of [
      { 'Mcp-Name': 'other' },
      { 'Mcp-Name': undefined },
      { 'Mcp-Method': 'tools/list' },
      { 'Mcp-Method': undefined },
      { 'MCP-Protocol-Version': '2025-11-25' },
      { 'MCP-Protocol-Version': undefined },
    ]) {
      expect((await raw(it.port, post(it.port, body, { ...right, ...wrong }))).status).toBe(400);
    }
    expect(it.entered.built).toBe(1);
  });

  test('who has no token does not learn what is wrong with the body', async () => {
    const it = await small();
    const got = await raw(
      it.port,
      echoCall(it.port, { Authorization: undefined, 'Content-Type': 'text/plain', 'Content-Length': '99999999' }),
    );
    expect([got.status, got.headers['www-authenticate']]).toEqual([401, 'Bearer scope="kratos:read"']);
  });
});

describe('the size', () => {
  test('a body of exactly the limit is taken, one byte more is not', async () => {
    const it = await small();
    expect((await raw(it.port, post(it.port, padded(MIB)))).status).toBe(200);
    const got = await raw(it.port, post(it.port, padded(MIB + 1)));
    expect([got.status, got.headers['connection']]).toEqual([413, 'close']);
    expect(it.entered.built).toBe(1);
  });

  test('a length that is too large is refused before the body comes', async () => {
    const it = await small();
    const [head] = post(it.port, '', { 'Content-Length': String(MIB + 1) }).split('\r\n\r\n');
    expect((await raw(it.port, `${head}\r\n\r\n`)).status).toBe(413);
  });

  test('the same in chunks, whose length nobody announced', async () => {
    const it = await small();
    const chunked = { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' };
    const [head] = post(it.port, '', chunked).split('\r\n\r\n');
    const inTwo = (text: string) => `${head}\r\n\r\n${chunk(text.slice(0, 1000))}${chunk(text.slice(1000))}0\r\n\r\n`;
    expect((await raw(it.port, inTwo(padded(MIB)))).status).toBe(200);
    expect((await raw(it.port, inTwo(padded(MIB + 1)))).status).toBe(413);
  });

  test('a body without an end is cut off, and next to nothing of it is kept', async () => {
    const it = await small();
    const chunked = { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' };
    const [head] = post(it.port, '', chunked).split('\r\n\r\n');
    const socket = connect({ host: '127.0.0.1', port: it.port });
    socket.on('error', () => {});
    socket.write(`${head}\r\n\r\n`);
    const piece = chunk('x'.repeat(64 * 1024));
    let sent = 0;
    const pump = () => {
      while (!socket.destroyed && socket.write(piece)) sent += piece.length;
    };
    socket.on('drain', pump);
    pump();
    expect((await answerFrom(socket)).status).toBe(413);
    await expect.poll(() => socket.destroyed, { timeout: 5_000 }).toBe(true);
    expect(sent).toBeLessThan(64 * MIB);
  });

  test('a packed body is not unpacked', async () => {
    const it = await small();
    const bomb = gzipSync(Buffer.alloc(20 * MIB, 0x20)).toString('latin1');
    expect(
      (
        await raw(
          it.port,
          Buffer.from(post(it.port, '', { 'Content-Encoding': 'gzip', 'Content-Length': String(bomb.length) }) + bomb, 'latin1'),
        )
      ).status,
    ).toBe(415);
  });

  test('a client that asks first is told to go on only where its head is right', async () => {
    const it = await small();
    const body = JSON.stringify(call);
    for (const [token, first] of [
      ['Bearer token-of-the-tester', 'HTTP/1.1 100 Continue'],
      ['Bearer wrong', 'HTTP/1.1 401 Unauthorized'],
    ] as const) {
      const socket = connect({ host: '127.0.0.1', port: it.port });
      const said = new Promise<string>((resolve) => void socket.once('data', (data: Buffer) => resolve(data.toString('latin1'))));
      const length = String(Buffer.byteLength(body));
      socket.write(post(it.port, '', { Authorization: token, Expect: '100-continue', 'Content-Length': length }));
      expect((await said).split('\r\n')[0]).toBe(first);
      socket.write(body);
      if (first.includes('100')) expect((await answerFrom(socket)).status).toBe(200);
      socket.destroy();
    }
  });
});

describe('the message', () => {
  test.each([
    ['nothing', '', -32_700],
    ['no JSON', '{', -32_700],
    ['a text after it', `${JSON.stringify(call)}x`, -32_700],
    ['a batch', JSON.stringify([call]), -32_600],
    ['an empty batch', '[]', -32_600],
    ['a number', '1', -32_600],
    ['null', 'null', -32_600],
    ['an object that is no message', '{"a":1}', -32_600],
    ['no version', '{"id":1,"method":"ping"}', -32_600],
    ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"ping"}', -32_600],
    ['too deep', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, -32_600],
    ['too deep by far', '['.repeat(500_000), -32_600],
    [
      'deep in what is beside the arguments',
      JSON.stringify(call).replace('"arguments"', `"_meta":${'{"a":'.repeat(70)}1${'}'.repeat(70)},"arguments"`),
      -32_600,
    ],
  ])('%s: 400', async (_name, body, code) => {
    const it = await small();
    const got = await raw(it.port, post(it.port, body));
    expect(got.status).toBe(400);
    expect(JSON.parse(got.body)).toMatchObject({ jsonrpc: '2.0', error: { code } });
    expect(it.entered.built).toBe(0);
  });

  test('bytes that are no UTF-8: 400', async () => {
    const it = await small();
    const [before = '', after = ''] = echoCall(it.port).split('hello');
    const bytes = Buffer.concat([Buffer.from(`${before}hel`), Buffer.from([0xc3, 0x28]), Buffer.from(after)]);
    expect((await raw(it.port, bytes)).status).toBe(400);
    expect(it.entered.built).toBe(0);
  });

  test.each(ERAS)('%s: numbers that JSON.parse changes, and members that it would hide, reach the guard', async (era) => {
    const it = await openHttpHarness({ endsWithPeers: true });
    const peer = await it.open({ era });
    const meta =
      era === 'legacy'
        ? ''
        : ',"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"x","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}';
    const line = (args: string) =>
      `{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"list_identities","arguments":${args}${meta}}}`;
    for (const [args, why] of [
      ['{"page_size":9007199254740993}', /number 9007199254740993 cannot be carried/],
      ['{"page_size":1e400}', /number 1e400 cannot be carried/],
      ['{"__proto__":{"page_size":1}}', /member name __proto__/],
      ['{"\\u005f_proto__":{}}', /member name __proto__/],
    ] as const) {
      const answer = await peer.writeLine(line(args), 77);
      expect(JSON.stringify(answer)).toMatch(why);
      expect(answer).toMatchObject({ result: { isError: true } });
    }
    expect(it.wire).toEqual([]);
    await peer.close();
  });
});
