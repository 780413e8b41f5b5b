/**
 * Writes what documentation repeats from the tables: the marked parts of README.md and docs/policy.md, docs/settings.md, and the policy
 * file's JSON Schema.
 * With --check it writes nothing and exits 1 if something is out of date. Run from the top of the repository.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rows, type Setting } from '../src/config/settings.ts';
import { EFFECTS } from '../src/operation.ts';
import { MEANING, PRESET_NAMES, presets } from '../src/policy/presets.ts';
import { operations } from '../src/tools/index.ts';
import { policyKeys, policySchema } from './policy-docs.ts';

const tableOf = (head: readonly string[], lines: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.map((it) => it.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');

const toolsTable = (): string =>
  tableOf(
    ['tool', 'toolset', 'a call can be', 'what it does'],
    operations.map((op) => [`\`${op.name}\``, op.toolset, op.kind === 'read' ? 'read' : op.effects.join(', '), op.summary]),
  );

const presetTable = (): string =>
  tableOf(
    ['effect', 'the call', ...PRESET_NAMES.map((it) => `\`${it}\``)],
    (['read', ...EFFECTS] as const).map((effect) => [effect, MEANING[effect], ...PRESET_NAMES.map((it) => presets[it][effect])]),
  );

function settingRow(row: Setting): readonly string[] {
  const values = row.kind === 'choice' ? row.choices.join(', ') : row.kind === 'integer' ? `${row.min}–${row.max}` : KINDS[row.kind];
  const fallback = row.kind === 'folder' ? row.derived : row.default === undefined ? '' : `\`${row.default}\``;
  const flag = row.flag === undefined ? 'none: it may be a secret' : `\`--${row.flag}\``;
  const variables = [row.env, row.alias].filter((it) => it !== undefined).map((it) => `\`${it}\``);
  return [flag, variables.join(', '), values, row.kind === 'integer' ? row.unit : '', fallback, row.summary];
}
const KINDS = {
  boolean: 'true, false',
  url: 'http(s) URL',
  file: 'path',
  folder: 'path',
  list: 'names, separated by commas',
  string: 'text',
} as const;

const settingsPage = (): string => `# Settings

Made from \`src/config/settings.ts\` by \`npm run docs\`; \`--help\` says the same.

A flag goes before a variable, a variable before a default. An empty variable counts as not set, and so does a literal \`\${VAR}\` that a client handed on without filling it in; the log says so then. Refused are such a literal in the middle of a value, and an empty list of tools, which must not turn into all of them. A setting that is wrong, a flag that is not known and a variable with the prefix \`KRATOS_MCP_\` that is not known end the program with one line on stderr and exit code 2, before anything is started. A secret is not accepted as an argument.

${tableOf(
  ['flag', 'variable', 'values', 'unit', 'default', 'what it does'],
  rows.map(([, row]) => settingRow(row)),
)}
`;

/** Puts `text` between the two marks of that name. */
function withPart(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- begin ${name}: made by npm run docs -->`, `<!-- end ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The page lacks the marks of "${name}"`);
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
}

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
const readme = withPart(withPart(read('README.md'), 'tools', toolsTable()), 'presets', presetTable());
const policy = withPart(read('docs/policy.md'), 'keys', tableOf(['key', 'values', 'default', 'what it means'], policyKeys()));
const pages = {
  'README.md': readme,
  'docs/settings.md': settingsPage(),
  'docs/policy.md': policy,
  'docs/policy.schema.json': policySchema(),
};

const stale = Object.entries(pages).filter(([path, text]) => read(path) !== text);
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is out of date: npm run docs`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of stale) writeFileSync(path, text);
}
