/** Calling a tool as a client does, with everything that comes back shown in short. */
import type { Client } from '@modelcontextprotocol/client';
import { inShort, say, shown } from './show.ts';

export interface ToolResult {
  readonly isError: boolean;
  readonly text: string;
  readonly structured: Readonly<Record<string, unknown>>;
}

export async function call(client: Client, name: string, args: Record<string, unknown>): Promise<ToolResult> {
  say(`\n→ ${name} ${JSON.stringify(args)}`);
  const result = await client.callTool({ name, arguments: args }, { timeout: 10 * 60_000 });
  const text = result.content.map((it) => (it.type === 'text' ? it.text : '')).join('\n');
  const structured = (result.structuredContent ?? {}) as Record<string, unknown>; // this server's roots are objects
  const isError = result.isError === true;
  say(shown(isError ? text : inShort(text, structured), '  '));
  return { isError, text, structured };
}

export function expect(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}
