/**
 * The program and the demonstration, each with everything it needs, and the scripts that are run by hand. Node 20 can't run `.ts`.
 * Bundled because starting is what every client waits for: a few files are read where there were hundreds. Run from the top.
 */
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

const node = { platform: 'node', resolve: { conditionNames: ['node', 'import'] } };
const chunks = { format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' };

/** The sources of a folder, as entries: build/<folder>/<name>.js. */
const entries = (folder) =>
  existsSync(folder)
    ? Object.fromEntries(
        readdirSync(folder).flatMap((it) =>
          it.endsWith('.ts') && !it.endsWith('.test.ts') ? [[`${folder}/${it.slice(0, -3)}`, `${folder}/${it}`]] : [],
        ),
      )
    : {};

/** Folders of the packages that were bundled, over all builds of `dist`. */
const folders = new Set();
/** Their licences. The builds run one after another, and the last one's file is the whole. */
const licences = {
  name: 'licences',
  generateBundle(_, bundle) {
    for (const { moduleIds = [] } of Object.values(bundle)) {
      for (const id of moduleIds) folders.add(/^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0]);
    }
    folders.delete(undefined);
    const source = [...folders]
      .sort((a, b) => (a < b ? -1 : 1))
      .map(licence)
      .join(`\n${'-'.repeat(80)}\n\n`);
    this.emitFile({ type: 'asset', fileName: 'THIRD_PARTY_LICENSES.txt', source });
  },
};
const executable = {
  name: 'executable',
  writeBundle({ dir }) {
    chmodSync(join(dir, 'index.js'), 0o755);
  },
};

/**
 * The SDK makes a JSON Schema validator (ajv) for every server, for `elicitInput` alone, which this server does not call. Without it the
 * program starts a tenth faster. Were it ever called, the call would fail.
 */
const SHIMS = '@modelcontextprotocol/server/_shims';
const withoutValidator = {
  name: 'without-validator',
  resolveId: (id) => (id === SHIMS ? `\0${SHIMS}` : undefined),
  load: (id) =>
    id === `\0${SHIMS}`
      ? `export { default as process } from 'node:process';
         export class DefaultJsonSchemaValidator { getValidator() { throw new Error('no validator is bundled'); } }`
      : undefined,
};

function licence(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((it) => /^licen[cs]e(?:\.|$)/i.test(it));
  if (file === undefined) throw new Error(`${name} has no licence file`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}

/**
 * What serving needs is one file: the commands share most of it, and every further file would be read one by one at each start. What
 * `index.ts` itself needs stays apart, so that `--help` does not load the server.
 */
const server = new Set();
const closureOf = (id, info, found = new Set()) => {
  if (found.has(id)) return found;
  found.add(id);
  for (const it of info(id)?.importedIds ?? []) closureOf(it, info, found);
  return found;
};
const serverInOneFile = {
  name: 'server-in-one-file',
  buildEnd() {
    const info = (id) => this.getModuleInfo(id);
    const rootOf = (end) => [...this.getModuleIds()].find((it) => it.endsWith(end));
    const door = closureOf(rootOf('/src/index.ts'), info);
    for (const id of closureOf(rootOf('/src/cli/serve.ts'), info)) if (!door.has(id)) server.add(id);
  },
};
const codeSplitting = { groups: [{ name: 'server', test: (id) => server.has(id) }], includeDependenciesRecursively: false };

const builds = [
  {
    ...node,
    input: { index: 'src/index.ts' },
    external: ['@redis/client'], // an optional peer: who shares a store installs it
    preserveEntrySignatures: 'allow-extension',
    plugins: [withoutValidator, licences, executable, serverInOneFile],
    output: { ...chunks, dir: 'dist', cleanDir: true, codeSplitting },
  },
  {
    ...node,
    input: { demo: 'demo/main.ts' },
    external: ['playwright-core'],
    plugins: [licences],
    output: { ...chunks, dir: 'dist', codeSplitting: false },
  },
  {
    ...node,
    input: { ...entries('scripts'), ...entries('bench'), ...entries('test/conformance'), ...entries('test/load') },
    external: /^[^./]/,
    output: { ...chunks, dir: 'build', cleanDir: true },
  },
];
for (const options of builds) await build(options);
