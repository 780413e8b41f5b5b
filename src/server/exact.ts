/**
 * A tool call whose arguments hold what the argument guard would not get to see: a number that JSON.parse changes (9007199254740993), or a
 * member `__proto__` at their top, which the SDK's own schema drops. Such arguments are replaced by some that the guard refuses by name.
 */
import { LOSSY_KEY } from '../lib/arguments.ts';
import { lossyNumber, mayBeLossy } from '../lib/json.ts';

/** `__proto__` may be spelt with escapes. */
const MAY_REPARENT = /__proto__|\\u/;

const isSuspect = (text: string): boolean => mayBeLossy(text) || MAY_REPARENT.test(text);

/** One message as text, in and out. What is no JSON stays as it is: the SDK's to answer. */
export function exact(line: string): string {
  if (!isSuspect(line)) return line;
  const message = parsed(line);
  const marked = refusable(line, message);
  if (marked === message) return line;
  try {
    return JSON.stringify(marked);
  } catch {
    return ''; // nested so deep that it can't be written again: no client's call
  }
}

/** The same for one that is not written again. Throws `SyntaxError`. */
export function parseExact(text: string): unknown {
  const message: unknown = JSON.parse(text);
  return isSuspect(text) ? refusable(text, message) : message;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function refusable(text: string, message: unknown): unknown {
  if (!isToolCall(message)) return message;
  const given = message.params.arguments;
  const number = lossyNumber(text);
  if (number !== undefined) return withArguments(message, { [LOSSY_KEY]: number });
  // Further down it is not dropped.
  return Object.hasOwn(given, '__proto__') ? withArguments(message, { arguments: given }) : message;
}

interface ToolCallMessage {
  readonly params: { readonly arguments: object };
}
const withArguments = (message: ToolCallMessage, given: object): ToolCallMessage => ({
  ...message,
  params: { ...message.params, arguments: given },
});

const isToolCall = (it: unknown): it is ToolCallMessage =>
  isObject(it) && 'params' in it && isObject(it.params) && 'arguments' in it.params && isObject(it.params.arguments);
const isObject = (it: unknown): it is object => typeof it === 'object' && it !== null;
