/** A figure beside its limit. A missed one is reported, not hidden. */
export interface Figure {
  readonly name: string;
  readonly measured: number;
  readonly limit: { readonly atMost: number } | { readonly atLeast: number };
}

export function print({ name, measured, limit }: Figure): void {
  const isMet = 'atMost' in limit ? measured <= limit.atMost : measured >= limit.atLeast;
  const words = 'atMost' in limit ? `at most ${limit.atMost}` : `at least ${limit.atLeast}`;
  console.log(`${(isMet ? 'ok' : 'MISSED').padEnd(7)}${name}: ${Number(measured.toFixed(3))} (${words})`);
}
