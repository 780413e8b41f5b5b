/**
 * A call that could hand an account over, approved on the page: an approver is enrolled with a passkey, the agent gets an address and a
 * code, the approver agrees, and the recovery code is shown to them alone. Where Chromium is there, it plays the approver's browser with
 * a virtual passkey; else the person at the terminal opens the addresses themselves.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { openBrowser, type Approver } from './browser.ts';
import { call, expect } from './call.ts';
import { say, step } from './show.ts';

const SERVER = fileURLToPath(new URL('./index.js', import.meta.url));
const EMAIL = 'ada.byron@example.com';
/** A new approver counts at once: fit for a demonstration, and for nothing else. */
const POLICY = 'version: 1\npreset: strict\napprovers:\n  wait: 0h\n';

export async function approve(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ory-identity-mcp-demo-'));
  const state = join(folder, 'state');
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, POLICY);
  // A port of its own: in a container the page opens only where one is named, and here the browser is inside, too.
  const settings = ['--sandbox', '--state-dir', state, '--policy', policy, '--log-level', 'error', '--page-port', String(await freePort())];
  const approver = await openBrowser();
  try {
    say(`The policy of this run, in ${policy}:\n\n${POLICY.replace(/^/gm, '  ').trimEnd()}`);
    step(1, 'Enrol an approver: approver enroll --name "Olga Operator". It opens a page on this machine and wants a passkey.');
    await enrol(settings, approver);
    await story(settings, approver);
  } finally {
    await approver.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function enrol(settings: readonly string[], approver: Approver): Promise<void> {
  const child = spawn(process.execPath, [SERVER, 'approver', 'enroll', '--name', 'Olga Operator', ...settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  try {
    await approver.enrol(await addressIn(child));
    expect((await ended) === 0, 'nobody was enrolled');
  } finally {
    child.kill();
  }
}

function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo; // listening on TCP
      probe.close(() => resolve(port));
    });
  });
}

/** The first address that a program prints. Everything it prints is shown. */
function addressIn(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = '';
    child.once('exit', () => reject(new Error('the command ended without an address')));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      say(text.trimEnd().replace(/^/gm, '  '));
      all += text;
      const found = /http:\/\/localhost:\d+\/\S+/.exec(all)?.[0];
      if (found !== undefined) resolve(found);
    });
  });
}

async function story(settings: readonly string[], approver: Approver): Promise<void> {
  // No elicitation: this works on clients that can show nothing.
  const client = new Client({ name: 'demo', version: '1.0.0' }, { capabilities: {} });
  try {
    await client.connect(new StdioClientTransport({ command: process.execPath, args: [SERVER, ...settings] }));
    step(2, `The agent finds the person who signs in with ${EMAIL} and asks for a recovery code.`);
    const found = await call(client, 'list_identities', { credentials_identifier: EMAIL });
    const [identity] = found.structured['identities'] as { id: string }[];
    expect(identity !== undefined, 'nobody was found');
    const wanted = { identity_id: identity.id, expires_in: '10m' };
    const pending = await call(client, 'create_recovery_code_for_identity', wanted);
    expect(pending.text.startsWith('Not done (pending)'), 'it was not put on the page');
    const [, address = '', code = ''] = /(http:\/\/localhost:\d+\/approvals\/[\w-]+).* code: (\w{4})\./.exec(pending.text) ?? [];
    expect(address !== '', 'there was no address');

    step(3, 'The approver opens the address, reads, types the code and uses the passkey.');
    await approver.approve(address, code);

    step(4, 'The agent makes the same call again: it is carried out, and the code is not in the answer.');
    const done = await call(client, 'create_recovery_code_for_identity', wanted);
    expect(!done.isError, 'it was not carried out');
    expect(!/\b\d{6}\b/.test(JSON.stringify(done)), 'a code was in the answer');

    step(5, 'The approver, and nobody else, has it shown on the page, once.');
    const revealed = await approver.reveal(address);
    if (revealed !== undefined) say(`  The page shows a recovery code of ${revealed.length} digits; it clears after a minute.`);
  } finally {
    await client.close();
  }
}
