/** The built program; `npm test` builds before it tests. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const PROGRAM = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
if (!existsSync(PROGRAM)) throw new Error('dist/index.js is not there: run `npm run build` first');
