/** Globs: `*` stands for anything, also for nothing; every other character for itself. Linear in the text, whatever the glob. Pure. */

/** `near`: only if upper and lower case are taken for the same. That may raise a verdict, and never lowers one. */
export type Match = 'yes' | 'near' | 'no';

export function globMatches(glob: string, text: string): boolean {
  let [g, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (glob[g] === '*') {
      star = g;
      mark = t;
      g += 1;
    } else if (g < glob.length && glob[g] === text[t]) {
      g += 1;
      t += 1;
    } else if (star >= 0) {
      mark += 1; // the last star takes one character more
      g = star + 1;
      t = mark;
    } else return false;
  }
  while (glob[g] === '*') g += 1;
  return g === glob.length;
}

const folded = (text: string): string => text.normalize('NFKC').toLowerCase();

export const matchOf = (globs: readonly string[], text: string): Match => anyMatchOf(globs, [text]);

/** Of several texts: one that fits is enough. */
export function anyMatchOf(globs: readonly string[], texts: readonly string[]): Match {
  if (texts.some((text) => globs.some((it) => globMatches(it, text)))) return 'yes';
  const [near, all] = [globs.map(folded), texts.map(folded)];
  return all.some((text) => near.some((it) => globMatches(it, text))) ? 'near' : 'no';
}

/** A dotted path means the value there and all below it; a star stands for one name. `near`: the path is what holds the value. */
export function pathMatchOf(glob: string, path: readonly string[]): Match {
  const names = glob.split('.');
  const shared = Math.min(names.length, path.length);
  for (let index = 0; index < shared; index += 1) {
    if (!globMatches(names[index] ?? '', path[index] ?? '')) return 'no';
  }
  return path.length >= names.length ? 'yes' : 'near';
}
