/**
 * The main job from start to end, as a client sees it: find somebody by e-mail, look at the sessions, ask to revoke them, and a person is
 * asked. Starts the built server as its own process and speaks MCP to it; imports nothing of the server.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { scriptedPerson, typingPerson, type Person } from './people.ts';
import { approve } from './approve.ts';
import { call, expect } from './call.ts';
import { say, shown, step } from './show.ts';

const EMAIL = 'ada.byron@example.com';
const LIMIT_MS = 55_000;

class Stopped extends Error {}

/** Runs the demo; the exit code: 0 only if every step went as it should. */
export async function run(options: { readonly approve: boolean }): Promise<number> {
  return options.approve ? runApproval() : runMainJob();
}

async function runApproval(): Promise<number> {
  say('This is ory-identity-mcp on its built-in Kratos: invented people, in memory, nothing leaves this machine.');
  try {
    await approve();
    say('\nDone. Every step went as it should.');
    return 0;
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): number {
  say(`\nThe demo did not go as it should: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
}

async function runMainJob(): Promise<number> {
  const typing = process.stdin.isTTY && process.stdout.isTTY;
  const terminal = typing ? createInterface({ input: process.stdin, output: process.stdout }) : undefined;
  const person = terminal ? typingPerson((question) => terminal.question(question)) : scriptedPerson();
  say('This is ory-identity-mcp on its built-in Kratos: invented people, in memory, nothing leaves this machine.');
  say('Answers of tools are shown in short here; an agent gets them whole.');
  if (!typing) say('There is no terminal here, so a scripted stand-in answers where a person would.');
  // Without a terminal nothing here may wait for ever; with one, a person takes the time they need.
  const limit = typing ? undefined : setTimeout(() => fail('It took too long.'), LIMIT_MS);
  const state = mkdtempSync(join(tmpdir(), 'ory-identity-mcp-demo-')); // not the one of a real run
  const client = new Client({ name: 'demo', version: '1.0.0' }, { capabilities: { elicitation: { form: {} } } });
  client.setRequestHandler('elicitation/create', async ({ params }) => answer(params, person));
  const stopped = new Promise<never>((_, reject) => terminal?.once('close', () => reject(new Stopped()))); // Ctrl-C, Ctrl-D
  try {
    await Promise.race([story(client, { person, state }), stopped]);
    say('\nDone. Every step went as it should.');
    return 0;
  } catch (error) {
    await client.close(); // first: the story may be in the middle of a sentence
    if (!(error instanceof Stopped)) return failed(error);
    say('\n\nStopped before the end.');
    return 1;
  } finally {
    clearTimeout(limit);
    terminal?.close();
    await client.close();
    rmSync(state, { recursive: true, force: true });
  }
}

async function story(client: Client, { person, state }: { readonly person: Person; readonly state: string }): Promise<void> {
  const server = fileURLToPath(new URL('./index.js', import.meta.url));
  const args = [server, '--sandbox', '--log-level', 'error', '--state-dir', state];
  await client.connect(new StdioClientTransport({ command: process.execPath, args }));

  step(1, `Find the person who signs in with ${EMAIL}.`);
  const found = await call(client, 'list_identities', { credentials_identifier: EMAIL });
  const [identity] = found.structured['identities'] as { id: string }[];
  expect(identity !== undefined, 'nobody was found');
  const { id } = identity;

  step(2, 'Look at the sessions.');
  const before = await sessionsOf(client, id);
  expect(before > 0, 'there were no sessions to revoke');

  step(3, 'Ask to revoke them. The server asks a person first; the wrong answer must change nothing.');
  person.next('wrong');
  const refused = await call(client, 'delete_identity_sessions', { id });
  if (refused.isError) {
    expect(refused.text.startsWith('Not done (declined)'), 'the refusal was not "declined"');
    step(4, 'The sessions are still there.');
    expect((await sessionsOf(client, id)) === before, 'a session is missing');
    step(5, 'Ask once more; this time the person types the phrase.');
    person.next('right');
    let done = await call(client, 'delete_identity_sessions', { id });
    if (done.isError && person.mayErr) done = await call(client, 'delete_identity_sessions', { id });
    expect(!done.isError, 'it was not carried out');
  } else expect(person.mayErr, 'a wrong answer was taken for a yes');

  step(6, 'Look again.');
  expect((await sessionsOf(client, id)) === 0, 'a session is left');
}

async function sessionsOf(client: Client, id: string): Promise<number> {
  const { structured } = await call(client, 'list_identity_sessions', { id });
  return (structured['sessions'] as unknown[]).length;
}

async function answer(params: { message: string; requestedSchema?: unknown }, person: Person) {
  const { properties } = params.requestedSchema as { properties: { typed: { title: string } } }; // the form this server sends
  say(`\n┌ A person is asked:\n${shown(params.message, '│ ')}`);
  return { action: 'accept' as const, content: { typed: await person.type(properties.typed.title) } };
}

function fail(why: string): never {
  say(why);
  process.exit(1);
}
