/**
 * The program and the demonstration, each with everything it needs, and the scripts that are run by hand. Node 20 can't run `.ts`.
 * Bundled because starting is what every client waits for: one file is read where there were hundreds.
 */
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'rolldown';

const node = { platform: 'node', resolve: { conditionNames: ['node', 'import'] } };
const chunks = { format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' };

/** The sources of a folder, as entries: build/<folder>/<name>.js. */
const entries = (folder) =>
  existsSync(folder)
    ? Object.fromEntries(readdirSync(folder).flatMap((it) => (it.endsWith('.ts') ? [[`${folder}/${it.slice(0, -3)}`, `${folder}/${it}`]] : [])))
    : {};

/** The licences of what was bundled, and the executable bit. */
const finish = {
  name: 'finish',
  generateBundle(_, bundle) {
    const folders = new Set();
    for (const { moduleIds = [] } of Object.values(bundle)) {
      for (const id of moduleIds) folders.add(/^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0]);
    }
    folders.delete(undefined);
    const source = [...folders].sort().map(licence).join(`\n${'-'.repeat(80)}\n\n`);
    this.emitFile({ type: 'asset', fileName: 'THIRD_PARTY_LICENSES.txt', source });
  },
  writeBundle({ dir }) {
    chmodSync(join(dir, 'index.js'), 0o755);
  },
};

function licence(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((it) => /^licen[cs]e(?:\.|$)/i.test(it));
  if (file === undefined) throw new Error(`${name} has no licence file`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}

export default defineConfig([
  { ...node, input: { index: 'src/index.ts' }, plugins: [finish], output: { ...chunks, dir: 'dist', cleanDir: true } },
  { ...node, input: { demo: 'demo/main.ts' }, output: { ...chunks, dir: 'dist', codeSplitting: false } },
  { ...node, input: { ...entries('scripts'), ...entries('bench') }, external: /^[^./]/, output: { ...chunks, dir: 'build', cleanDir: true } },
]);
