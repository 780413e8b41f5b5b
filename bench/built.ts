/** Where the files are that are started as processes of their own. What several programs share lies in files at the top of `build/`, so that `import.meta.url` says nothing there. */
import { join, sep } from 'node:path';

const [, entry = ''] = process.argv;
const TOP = entry.slice(0, entry.lastIndexOf(`${sep}build${sep}`));

/** By its path from the top of the project, from a program that was started below `build/`. */
export const built = (path: string): string => join(TOP, path);
export const PROGRAM = built('dist/index.js');
export const GAUGE = built('build/bench/gauge.js');
