/** The calls that `policy explain` is given: one JSON object per line. */
import { createInterface } from 'node:readline';
import { z } from 'zod';

const LONGEST = 1024 * 1024;

const Line = z.strictObject({
  tool: z.string(),
  arguments: z.record(z.string(), z.unknown()).default({}),
  principal: z.string().optional(),
  /** Of the access token, as over HTTP. */
  claims: z.record(z.string(), z.unknown()).default({}),
  client: z.string().optional(),
  at: z.iso.datetime({ offset: true }).optional(),
  expect: z.enum(['allow', 'confirm', 'approve', 'approve: 2', 'deny', 'unchanged']).optional(),
});
export type CallLine = z.output<typeof Line>;

export type Read =
  | { readonly kind: 'call'; readonly number: number; readonly call: CallLine }
  | { readonly kind: 'wrong'; readonly number: number; readonly why: string };

/** Empty lines are none. */
export async function* callLines(input: NodeJS.ReadableStream): AsyncGenerator<Read> {
  let number = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (text.trim() !== '') yield { number, ...readLine(text) };
  }
}

type ReadLine = { readonly kind: 'call'; readonly call: CallLine } | { readonly kind: 'wrong'; readonly why: string };
function readLine(text: string): ReadLine {
  if (text.length > LONGEST) return { kind: 'wrong', why: 'is longer than 1 MiB.' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'wrong', why: 'is no JSON. Write one call per line: {"tool": "…", "arguments": {…}}.' };
  }
  const parsed = Line.safeParse(value);
  return parsed.success ? { kind: 'call', call: parsed.data } : { kind: 'wrong', why: `is no call: ${wordsOf(parsed.error)}` };
}

/** The first thing that is wrong, without a value. */
export function wordsOf({ issues: [issue] }: z.core.$ZodError): string {
  if (issue === undefined) return 'it does not fit.';
  const where = issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
  return `${where}${issue.message}.`;
}
