// One call of every endpoint, for tests that go over the whole table.
import { type EndpointName, endpoints } from '../../src/client/endpoints.ts';
import type { CallInit, Kratos, Reply } from '../../src/client/types.ts';

export const ID = '9f4c2a7e-1d3b-4a58-8c6f-0e2b5d7a9c31';
const values: Readonly<Record<string, string>> = { id: ID, external_id: 'crm-17', type: 'password' };
export const endpointNames = Object.keys(endpoints) as readonly EndpointName[]; // `keys` forgets the names
export const isWrite = (name: EndpointName): boolean => !endpoints[name].route.startsWith('GET ');
export const paramsOf = (name: EndpointName): readonly string[] =>
  [...endpoints[name].route.matchAll(/\{(\w+)\}/g)].map(([, param = '']) => param);

/** By name, with good values for all parameters but those given; the types can't follow a loop over the table. */
export function callByName(
  kratos: Kratos<EndpointName>,
  name: EndpointName,
  { params = {}, init = {} }: { params?: Readonly<Record<string, string>>; init?: CallInit } = {},
): Promise<Reply> {
  const all = Object.fromEntries(paramsOf(name).map((it) => [it, params[it] ?? values[it] ?? '']));
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(endpoints[name].route.split(' ')[0] ?? '') && name !== 'extendSession';
  return kratos(name, all as never, { ...(hasBody && { body: { hello: 'there' } }), ...init });
}

/** What a promise was rejected with. */
export async function failureOf(sent: Promise<unknown>): Promise<Error> {
  const outcome = await sent.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return outcome;
  throw new Error('it did not fail');
}
