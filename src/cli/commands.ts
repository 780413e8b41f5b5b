/** The commands, as data: `--help` and the parser are made from this table. What a command needs is loaded when it runs. */
import type { Flags } from '../config/load.ts';

export interface CommandOption {
  readonly type: 'boolean' | 'string';
  /** For `--help`: what stands after a flag that takes a value. */
  readonly value?: string;
  readonly summary: string;
}
export interface CommandCall {
  /** What stood after the command's name. */
  readonly words: readonly string[];
  /** The settings that were given as flags. */
  readonly flags: Flags;
  /** The options of the command itself. */
  readonly options: Flags;
}
export interface Command {
  readonly summary: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  /** What may stand after its name, for `--help`. Left out: nothing. */
  readonly words?: string;
  /** Whether the settings mean anything to it; if not, they are refused instead of ignored. */
  readonly settings: boolean;
  /** Answers the exit code. */
  readonly run: (call: CommandCall) => Promise<number>;
}

const json: CommandOption = { type: 'boolean', summary: 'Print JSON.' };

export const commands = {
  doctor: {
    summary: 'Check the settings and the Kratos they point to, and say what is missing. Exit code 0 if it can work, 1 if not.',
    options: {
      token: {
        type: 'string',
        value: '-',
        summary: 'Explain an access token, given on standard input: each check of it, with what it should be and what it is.',
      },
      json,
    },
    settings: true,
    run: async ({ flags, options }) => {
      const asJson = options['json'] === true;
      const source = options['token'];
      if (typeof source === 'string') return (await import('./doctor-token.ts')).doctorToken(flags, { source, asJson });
      return (await import('./doctor.ts')).doctor(flags, asJson);
    },
  },
  tools: {
    summary: 'List the tools that the settings offer; with --json also their schemas.',
    options: { json },
    settings: true,
    run: async ({ flags, options }) => (await import('./tools.ts')).tools(flags, options['json'] === true),
  },
  sandbox: {
    summary: 'Serve the built-in Kratos over HTTP on loopback, for other programs to try.',
    options: {
      port: { type: 'string', value: 'port', summary: 'Port of the admin API (default 4434, 0 for any free one).' },
      'public-port': { type: 'string', value: 'port', summary: 'Port of the public API (default 4433, 0 for any free one).' },
    },
    settings: false,
    run: async ({ options }) => (await import('./sandbox.ts')).sandbox(options),
  },
  demo: {
    summary: 'Run the main job from start to end on the built-in Kratos: find a person, revoke the sessions, be asked.',
    options: { approve: { type: 'boolean', summary: 'Show a takeover call being approved on the approvals page instead.' } },
    settings: false,
    run: async ({ options }) => (await import('./demo.ts')).demo(options['approve'] === true),
  },
  policy: {
    summary:
      'check: whether a policy file can be used. explain: what it says to calls given as JSON Lines on standard input, and why. simulate: what it would have said to the calls in the audit ledger.',
    words: 'check|explain|simulate FILE',
    options: { json, since: { type: 'string', value: '30d', summary: 'simulate: how far back to look (default 30d).' } },
    settings: true,
    run: async (call) => (await import('./policy.ts')).run(call),
  },
  approver: {
    summary: 'The people who may answer on the approvals page, each with a passkey or (weaker) a one-time code.',
    words: 'enroll|list|remove [NAME]',
    options: {
      name: { type: 'string', value: 'name', summary: 'enroll: how others know the person.' },
      totp: { type: 'boolean', summary: 'enroll: a one-time code instead of a passkey.' },
      json,
    },
    settings: true,
    run: async (call) => (await import('./approver.ts')).run(call),
  },
  token: {
    summary:
      'Static tokens for machines that call over HTTP, in the file of --tokens-file. They end after 90 days at most, and can never approve.',
    words: 'add|list|remove [ID]',
    options: {
      id: { type: 'string', value: 'name', summary: 'add: how the ledger names it.' },
      scopes: { type: 'string', value: 'list', summary: 'add: what it covers (kratos:read,kratos:sessions).' },
      days: { type: 'string', value: 'days', summary: 'add: how long it counts, 90 at most.' },
      owner: {
        type: 'string',
        value: 'person',
        summary: 'add: the person behind it, so that they cannot approve its calls where policy wants somebody else.',
      },
      json,
    },
    settings: true,
    run: async (call) => (await import('./token.ts')).run(call),
  },
  freeze: {
    summary: 'Stop all changes at once, whoever agreed to them. Reads go on.',
    options: { reason: { type: 'string', value: 'text', summary: 'Why, for the people who find it frozen.' } },
    settings: true,
    run: async (call) => (await import('./thaw.ts')).freeze(call),
  },
  thaw: {
    summary: 'Allow changes again; an approver has to agree.',
    options: {},
    settings: true,
    run: async (call) => (await import('./thaw.ts')).thaw(call),
  },
  unlock: {
    summary: 'Allow the changes of a principal again that refusals on the page have locked; an approver has to agree.',
    words: 'PRINCIPAL',
    options: {},
    settings: true,
    run: async (call) => (await import('./thaw.ts')).unlock(call),
  },
  audit: {
    summary: 'The ledger of calls: verify its chain and checkpoints, query it, tell the history of an identity, export it.',
    words: 'verify [FOLDER…|FILE…]|query|timeline IDENTITY|export',
    options: {
      email: {
        type: 'string',
        value: 'address',
        summary: 'query: what is about whom this belongs to, and what they asked for or decided by it (hashed before it is looked for).',
      },
      tool: { type: 'string', value: 'name', summary: 'query: calls of this tool.' },
      outcome: { type: 'string', value: 'word', summary: 'query: what ended so: executed, declined, denied, unknown, …' },
      principal: { type: 'string', value: 'name', summary: 'query: calls on behalf of this one.' },
      since: { type: 'string', value: '30d', summary: 'How far back to look: 12h, 30d, or a date.' },
      format: { type: 'string', value: 'jsonl|csv', summary: 'export: the format.' },
      'public-key': {
        type: 'string',
        value: 'file',
        summary: 'verify: the key that checkpoints are signed with, if not the one in the state folder.',
      },
      checkpoints: { type: 'string', value: 'file', summary: 'verify: a copy of the checkpoints that was kept elsewhere.' },
      json,
    },
    settings: true,
    run: async (call) => (await import('./audit.ts')).run(call),
  },
} as const satisfies Readonly<Record<string, Command>>;

export type CommandName = keyof typeof commands;
export const isCommand = (name: string): name is CommandName => Object.hasOwn(commands, name);
