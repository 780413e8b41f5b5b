/** The built program as a child process, spoken to in raw JSON-RPC so that no client library is measured along. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ToolAnswer {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}
export interface Server {
  readonly pid: number;
  listTools(): Promise<unknown>;
  call(name: string, args: Readonly<Record<string, unknown>>): Promise<ToolAnswer>;
  close(): Promise<void>;
}

interface Form {
  readonly requestedSchema: { readonly properties: { readonly typed: { readonly title: string } } };
}

/** Sends the whole 2025-era opening at once, as a client in a hurry would. */
export function startServer(program: string, args: readonly string[]): Server {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void exited.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('the program ended before it answered'));
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, result, method, params } = JSON.parse(line) as { id: number; result: unknown; method?: string; params?: Form };
    if (method === 'elicitation/create' && params) return answer(id, params);
    if (method !== undefined) return;
    waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  let next = 1;
  const send = (message: object) => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  /** The form is answered at once, with the phrase it asks for. */
  const answer = (id: number, { requestedSchema }: Form) => {
    const typed = requestedSchema.properties.typed.title.replace(/^Type /, '').replace(/ to agree$/, '');
    send({ id, result: { action: 'accept', content: { typed } } });
  };
  const ask = (method: string, params: object) => {
    const id = next++;
    send({ id, method, params });
    return new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
  };
  void ask('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: { form: {} } },
    clientInfo: { name: 'bench', version: '1' },
  });
  send({ method: 'notifications/initialized' });
  return {
    pid: child.pid ?? 0,
    listTools: () => ask('tools/list', {}),
    call: async (name, args) => (await ask('tools/call', { name, arguments: args })) as ToolAnswer, // the protocol's own shape
    async close() {
      child.stdin.end();
      await exited;
    },
  };
}
