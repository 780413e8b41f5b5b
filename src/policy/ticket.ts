/** The pattern of a ticket's number, the one regular expression in a policy: what it may hold so that no input keeps it busy. Pure. */

const LONGEST = 60;
/** Each one that can stretch multiplies the ways to try: with three, a ticket of 100 characters is tried in at most a million. */
const MOST_STRETCHING = 3;

/** What is wrong with it; undefined where it can be used. */
export function whyNoTicketPattern(pattern: string): string | undefined {
  if (pattern.length > LONGEST) return `is longer than ${LONGEST} characters`;
  if (!/^[\x20-\x7e]*$/.test(pattern)) return 'may hold plain ASCII only';
  const tokens = tokensOf(pattern);
  if (tokens.some((it) => /^\\[1-9k]/.test(it))) return 'refers back to a group; leave that out';
  if (tokens.some((it) => /^\(\?(?!:)/.test(it))) return 'holds a group that looks around, is named or has flags; use (?:…)';
  if (hasRepeatedGroup(tokens)) return 'repeats a group; repeat single characters or classes only';
  if (tokens.filter(stretches).length > MOST_STRETCHING) return `holds more than ${MOST_STRETCHING} of * + ? {m,n}`;
  return whyNotUsable(pattern);
}

function whyNotUsable(pattern: string): string | undefined {
  let whole: RegExp;
  try {
    whole = new RegExp(`^(?:${pattern})$`, 'u');
  } catch {
    return 'is no regular expression (in JavaScript, with the flag u: escape only what has to be)';
  }
  return whole.test('') ? 'fits an empty ticket, too' : undefined;
}

/** Escapes, classes, openings of groups and quantifiers as one token each; every other character by itself. */
const tokensOf = (pattern: string): readonly string[] =>
  pattern.match(/\\.?|\[(?:\\.|[^\]\\])*\]?|\(\?(?:<[=!]?|.)?|[*+?]\??|\{\d+(?:,\d*)?\}\??|./g) ?? [];

const isQuantifier = (token: string | undefined): boolean => token !== undefined && /^(?:[*+?]|\{\d)/.test(token);
const stretches = (token: string): boolean => /^[*+?]|^\{\d+,/.test(token);
const hasRepeatedGroup = (tokens: readonly string[]): boolean =>
  tokens.some((it, index) => it === ')' && isQuantifier(tokens[index + 1]) && tokens[index + 1]?.startsWith('?') !== true);
