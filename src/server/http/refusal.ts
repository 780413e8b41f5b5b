/** An answer that says no before anything is dispatched. */
export interface Refusal {
  readonly status: number;
  /** Which check said no: a name of ours, for the log and the meter. Undefined: whoever checked has told it already. */
  readonly check: string | undefined;
  /** For whoever made the request; a sentence of ours. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The JSON-RPC error code. */
  readonly code?: number;
}

export const refusal = (status: number, check: string, { message, ...more }: Pick<Refusal, 'message' | 'headers' | 'code'>): Refusal => ({
  status,
  check,
  message,
  ...more,
});

/** In the shape that MCP clients read; to no request in particular. */
export const bodyOf = ({ code = -32_000, message }: Refusal): string =>
  JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null });

export const isRefusal = (it: object): it is Refusal => 'check' in it;

export const tooMany = (message: string): Refusal =>
  refusal(429, 'under-way', { message: `${message}. Wait for one to end`, headers: { 'Retry-After': '1' } });
