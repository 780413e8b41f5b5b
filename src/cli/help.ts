/** `--help`, from the tables of settings and commands. */
import { httpSettings } from '../config/http-settings.ts';
import { rows, type Setting } from '../config/settings.ts';
import { VERSION } from '../lib/version.ts';
import { commands, type Command, type CommandName } from './commands.ts';
import { wrap } from './print.ts';

/** `about`: of one command alone. */
export const help = (about?: CommandName): string => (about === undefined ? ofAll() : ofOne(about, commands[about]));

function ofOne(name: string, command: Command): string {
  return [
    `Usage: ory-identity-mcp ${name}${command.words === undefined ? '' : ` ${command.words}`} [options]`,
    '',
    ...wrap(command.summary, ''),
    ...(Object.keys(command.options).length > 0 ? ['', ...optionLines(command, '  ')] : []),
    ...(command.settings ? ['', 'The settings may be given with it, too: --help alone lists them.'] : []),
  ].join('\n');
}

function ofAll(): string {
  return [
    `ory-identity-mcp ${VERSION}: identity administration of Ory Kratos for AI agents, behind a gate that a person opens.`,
    'Unofficial, not affiliated with Ory.',
    '',
    'Usage: ory-identity-mcp [command] [options]',
    'Without a command it serves the Model Context Protocol: on stdin and stdout, or with --http over HTTP.',
    '',
    'Commands',
    ...Object.entries<Command>(commands).flatMap(([name, command]) => commandLines(name, command)),
    '',
    'Settings, by flag or by variable; a flag goes before a variable',
    ...rows.filter(([key]) => !Object.hasOwn(httpSettings, key)).flatMap(([, row]) => settingLines(row)),
    '',
    'Settings of serving over HTTP',
    ...rows.filter(([key]) => Object.hasOwn(httpSettings, key)).flatMap(([, row]) => settingLines(row)),
    '',
    '  -h, --help       Print this; after a command: of that command alone.',
    '  -V, --version    Print the version.',
  ].join('\n');
}

function commandLines(name: string, { summary, options, words }: Command): string[] {
  return [`  ${name}${words === undefined ? '' : ` ${words}`}`, ...wrap(summary, '      '), ...optionLines({ options }, '      ')];
}

const optionLines = ({ options }: Pick<Command, 'options'>, indent: string): string[] =>
  Object.entries(options).flatMap(([flag, { value, summary }]) =>
    wrap(summary, `${indent}    `, `${indent}--${flag}${value === undefined ? '' : ` <${value}>`}  `),
  );

function settingLines(row: Setting): string[] {
  const names = row.flag === undefined ? row.env : `--${row.flag}${valueOf(row)}   ${row.env}`;
  const limits = row.kind === 'integer' && row.min > 0 ? `, from ${row.min}` : '';
  const known = row.kind === 'folder' ? row.derived : row.default;
  const fallback = known === undefined || known === false ? '' : ` (default ${known}${limits})`;
  return [
    `  ${names}${fallback}`,
    ...wrap(
      row.summary.replace(/^HTTP: /, '').replace(/^./, (it) => it.toUpperCase()),
      '      ',
    ),
  ];
}

function valueOf(row: Setting): string {
  if (row.kind === 'boolean') return '';
  if (row.kind === 'choice') return ` ${row.choices.join('|')}`;
  if (row.kind === 'integer') return ` <${row.unit}>`;
  return { url: ' <url>', file: ' <file>', folder: ' <folder>', list: ' <names>', string: ' <text>' }[row.kind];
}
