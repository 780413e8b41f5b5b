/** `--help`, from the tables of settings and commands. */
import { rows, type Setting } from '../config/settings.ts';
import { VERSION } from '../lib/version.ts';
import { commands, type Command } from './commands.ts';
import { wrap } from './print.ts';

export function help(): string {
  return [
    `ory-identity-mcp ${VERSION}: identity administration of Ory Kratos for AI agents, behind a gate that a person opens.`,
    'Unofficial, not affiliated with Ory.',
    '',
    'Usage: ory-identity-mcp [command] [options]',
    'Without a command it serves the Model Context Protocol on stdin and stdout.',
    '',
    'Commands',
    ...Object.entries<Command>(commands).flatMap(([name, command]) => commandLines(name, command)),
    '',
    'Settings, by flag or by variable; a flag goes before a variable',
    ...rows.flatMap(([, row]) => settingLines(row)),
    '',
    '  -h, --help       Print this.',
    '  -V, --version    Print the version.',
  ].join('\n');
}

function commandLines(name: string, { summary, options, words }: Command): string[] {
  const own = Object.entries(options).map(
    ([flag, it]) => `      --${flag}${it.value === undefined ? '' : ` <${it.value}>`}  ${it.summary}`,
  );
  return [`  ${name}${words === undefined ? '' : ` ${words}`}`, ...wrap(summary, '      '), ...own];
}

function settingLines(row: Setting): string[] {
  const names = row.flag === undefined ? row.env : `--${row.flag}${valueOf(row)}   ${row.env}`;
  const limits = row.kind === 'integer' ? `, from ${row.min}` : '';
  const known = row.kind === 'folder' ? row.derived : row.default;
  const fallback = known === undefined || known === false ? '' : ` (default ${known}${limits})`;
  return [`  ${names}${fallback}`, ...wrap(row.summary, '      ')];
}

function valueOf(row: Setting): string {
  if (row.kind === 'boolean') return '';
  if (row.kind === 'choice') return ` ${row.choices.join('|')}`;
  if (row.kind === 'integer') return ` <${row.unit}>`;
  return { url: ' <url>', file: ' <file>', folder: ' <folder>', list: ' <names>', string: ' <text>' }[row.kind];
}
