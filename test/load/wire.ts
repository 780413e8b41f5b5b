/** What goes between the load test and its Kratos. */
export interface Person {
  readonly id: string;
  readonly email: string;
}
export type ToKratos = { readonly do: 'fail'; readonly share: number } | { readonly do: 'report' };
export interface Report {
  readonly kind: 'report';
  readonly requests: number;
  readonly faults: Readonly<Record<string, number>>;
  /** By mark: how many writes that hold it were carried out. */
  readonly writes: Readonly<Record<string, number>>;
}
export type FromKratos = Report | { readonly kind: 'ready'; readonly url: string; readonly people: readonly Person[] };
