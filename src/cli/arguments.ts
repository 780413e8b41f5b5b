/** argv → what to run. Strict: an unknown flag, a second command or a secret stops here, and no message repeats a value. */
import { parseArgs } from 'node:util';
import type { Flags } from '../config/load.ts';
import { rows } from '../config/settings.ts';
import { UsageError } from '../errors.ts';
import { commands, isCommand, type Command, type CommandName } from './commands.ts';

export interface Arguments {
  readonly command: CommandName | 'serve' | 'help' | 'version';
  /** With `help`: of this command alone. */
  readonly about?: CommandName;
  readonly flags: Flags;
  readonly options: Flags;
  /** What stood after the command's name. */
  readonly words: readonly string[];
}

type OptionType = { readonly type: 'boolean' | 'string'; readonly short?: string };
const general = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'V' } } as const;
const settingFlags: Readonly<Record<string, OptionType>> = Object.fromEntries(
  rows.flatMap(([, { flag, kind }]) => (flag === undefined ? [] : [[flag, { type: kind === 'boolean' ? 'boolean' : 'string' } as const]])),
);
const commandOptions: Readonly<Record<string, OptionType>> = Object.assign(
  {},
  ...Object.values(commands).map(({ options }) => Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }]))),
);

/** Throws `UsageError`. */
export function parseArguments(argv: readonly string[]): Arguments {
  refuseSecrets(argv);
  const { values, positionals } = parse(argv);
  const nothing = { flags: {}, options: {}, words: [] };
  const asksFirst = positionals[0] === 'help';
  const [name, ...words] = asksFirst ? positionals.slice(1) : positionals;
  if (asksFirst || values['help'] === true)
    return { command: 'help', ...nothing, ...(name !== undefined && isCommand(name) && { about: name }) };
  if (values['version'] === true) return { command: 'version', ...nothing };
  if (name === undefined) return { command: 'serve', ...divided(values, undefined), words };
  if (!isCommand(name)) {
    throw new UsageError(`There is no such command. The commands are: ${Object.keys(commands).join(', ')}; without one, MCP is served.`);
  }
  const command: Command = commands[name];
  if (words.length > 0 && command.words === undefined) throw new UsageError(`Nothing may stand after ${name}. See --help.`);
  return { command: name, ...divided(values, { name, command }), words };
}

/** The settings and the command's own options. Throws for an option of another command. */
function divided(
  values: Flags,
  of: { readonly name: string; readonly command: Command } | undefined,
): Pick<Arguments, 'flags' | 'options'> {
  const given = Object.entries(values);
  const own = of?.command.options ?? {};
  const settings = of === undefined || of.command.settings ? settingFlags : {};
  const foreign = given.find(([it]) => !Object.hasOwn(settings, it) && !Object.hasOwn(own, it));
  if (foreign !== undefined) throw new UsageError(`--${foreign[0]} does not go with ${of?.name ?? 'serving on stdio'}. See --help.`);
  return {
    flags: Object.fromEntries(given.filter(([it]) => Object.hasOwn(settingFlags, it))),
    options: Object.fromEntries(given.filter(([it]) => Object.hasOwn(own, it))),
  };
}

function parse(argv: readonly string[]): { readonly values: Flags; readonly positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { ...settingFlags, ...commandOptions, ...general },
      allowPositionals: true,
      strict: true,
    });
    return { values, positionals };
  } catch (error) {
    throw explained(error);
  }
}

/** Node's own messages name the option first, and may go on with what else was typed. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const flag = /'(?:-\w, )?(--?[\w-]{1,40})/.exec(error.message)?.[1] ?? 'An option';
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return new UsageError(`${flag} is no option. See --help.`);
  if (error.code !== 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') return error;
  const takes = Object.entries({ ...settingFlags, ...commandOptions, ...general }).find(([it]) => `--${it}` === flag)?.[1].type;
  return new UsageError(
    takes === 'boolean' ? `${flag} takes no value.` : `${flag} needs a value (${flag}=value if it begins with a dash).`,
  );
}

/** Arguments show in process lists and shell histories. */
function refuseSecrets(argv: readonly string[]): void {
  // `--token -` says that a token comes on standard input.
  const isFromInput = (it: string, next: string | undefined) => it === '--token=-' || (it === '--token' && next === '-');
  const named = argv.find(
    (it, index) => /^--?(?:\w+-)*(?:api-?key|token|secret|password|bearer)(?:=|$)/i.test(it) && !isFromInput(it, argv[index + 1]),
  );
  const shaped = argv.some((it) => /ory_[a-z]{2,10}_[A-Za-z0-9]{8}/.test(it));
  if (named === undefined && !shaped) return;
  throw new UsageError(
    'Secrets are not accepted as arguments, which show in process lists: set ORY_PROJECT_API_KEY, or name a file by --project-api-key-file or --admin-token-file.',
  );
}
