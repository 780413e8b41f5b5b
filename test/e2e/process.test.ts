/** The built program as a process: what goes to which stream, and how it ends. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { stateDir } from '../support/state-dir.ts';
import { PROGRAM } from './program.ts';

interface Run {
  readonly child: ChildProcessWithoutNullStreams;
  readonly exit: Promise<number | null>;
  readonly out: () => string;
  readonly err: () => string;
  readonly answer: (id: number) => Promise<Record<string, unknown>>;
}

function start(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env['PATH'] ?? '', KRATOS_MCP_STATE_DIR: stateDir(), ...env },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const exit = once(child, 'close').then(([code]) => code as number | null);
  const find = (id: number) =>
    out
      .split('\n')
      .filter((it) => it !== '')
      .map((it) => JSON.parse(it) as Record<string, unknown>)
      .find((it) => it['id'] === id);
  return {
    child,
    exit,
    out: () => out,
    err: () => err,
    async answer(id) {
      for (let round = 0; round < 500; round += 1) {
        const found = find(id);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`no answer to ${id}: ${out} ${err}`);
    },
  };
}

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
};
const line = (message: unknown) => `${JSON.stringify(message)}\n`;
const call = (id: number, name: string, args: unknown) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });

describe('the program', () => {
  test('ends with 0 at the end of input, having written nothing but JSON-RPC to stdout and JSON lines to stderr', async () => {
    const run = start(['--sandbox']);
    run.child.stdin.write(
      line(initialize) + line({ jsonrpc: '2.0', method: 'notifications/initialized' }) + line(call(2, 'list_sessions', {})),
    );
    await run.answer(2);
    run.child.stdin.end();
    expect(await run.exit).toBe(0);
    for (const text of run.out().trim().split('\n')) expect(JSON.parse(text)).toMatchObject({ jsonrpc: '2.0' });
    for (const text of run.err().trim().split('\n'))
      expect(JSON.parse(text)).toMatchObject({ level: expect.any(String), event: expect.any(String) });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s', async (signal) => {
    const run = start(['--sandbox']);
    run.child.stdin.write(line(initialize));
    await run.answer(1);
    run.child.kill(signal);
    expect(await run.exit).toBe(0);
  });

  test('starts although Kratos is down, and says so at the call', async () => {
    const run = start(['--admin-url', 'http://127.0.0.1:9', '--public-url', 'http://127.0.0.1:9', '--call-timeout-ms', '1500']);
    run.child.stdin.write(
      line(initialize) + line({ jsonrpc: '2.0', method: 'notifications/initialized' }) + line(call(2, 'list_sessions', {})),
    );
    const { result } = (await run.answer(2)) as { result: { isError: boolean; content: { text: string }[] } };
    expect(result.isError).toBe(true);
    expect(result.content[0]?.text).toMatch(/reach|connect/i);
    run.child.stdin.end();
    expect(await run.exit).toBe(0);
  });

  test('refuses numbers that JSON.parse would change, and members that re-parent objects', async () => {
    const run = start(['--sandbox']);
    const raw = (id: number, traits: string) =>
      `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"create_identity","arguments":{"traits":${traits}}}}\n`;
    run.child.stdin.write(line(initialize) + line({ jsonrpc: '2.0', method: 'notifications/initialized' }));
    const bad = [
      '{"n":9007199254740993}',
      '{"n":0.1234567890123456789}',
      '{"n":1e400}',
      '{"n":-0}',
      '{"__proto__":{"a":1}}',
      '{"a":{"constructor":1}}',
      '{"a":[{"prototype":1}]}',
    ];
    for (const [index, traits] of bad.entries()) {
      run.child.stdin.write(raw(10 + index, traits));
      const { result } = (await run.answer(10 + index)) as { result: { isError: boolean; content: { text: string }[] } };
      expect(result.isError, traits).toBe(true);
      expect(result.content[0]?.text, traits).toMatch(/carried exactly|not accepted/);
    }
    run.child.stdin.end();
    expect(await run.exit).toBe(0);
  });

  test('ends a connection that sends an endless line', async () => {
    const run = start(['--sandbox']);
    run.child.stdin.on('error', () => {});
    run.child.stdin.write(`{"x":"${'a'.repeat(3 * 1024 * 1024)}`);
    expect(await run.exit).toBe(0);
  });
});
