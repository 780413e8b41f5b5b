/** The commands, as data: `--help` and the parser are made from this table. What a command needs is loaded when it runs. */
import type { Flags } from '../config/load.ts';

export interface CommandOption {
  readonly type: 'boolean' | 'string';
  /** For `--help`: what stands after a flag that takes a value. */
  readonly value?: string;
  readonly summary: string;
}
export interface CommandCall {
  /** The settings that were given as flags. */
  readonly flags: Flags;
  /** The options of the command itself. */
  readonly options: Flags;
}
export interface Command {
  readonly summary: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  /** Whether the settings mean anything to it; if not, they are refused instead of ignored. */
  readonly settings: boolean;
  /** Answers the exit code. */
  readonly run: (call: CommandCall) => Promise<number>;
}

const json: CommandOption = { type: 'boolean', summary: 'Print JSON.' };

export const commands = {
  doctor: {
    summary: 'Check the settings and the Kratos they point to, and say what is missing. Exit code 0 if it can work, 1 if not.',
    options: { json },
    settings: true,
    run: async ({ flags, options }) => (await import('./doctor.ts')).doctor(flags, options['json'] === true),
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
    options: {},
    settings: false,
    run: async () => (await import('./demo.ts')).demo(),
  },
} as const satisfies Readonly<Record<string, Command>>;

export type CommandName = keyof typeof commands;
export const isCommand = (name: string): name is CommandName => Object.hasOwn(commands, name);
