/**
 * What must not compile. `tsc -p .` verifies each line: a proof that stops failing is itself an error (an unused `@ts-expect-error`).
 * Nothing here runs.
 */
import { z } from 'zod';
import type { Kratos } from '../src/client/types.ts';
import { quote, say, type Said } from '../src/lib/text.ts';
import { change, read, send, type Plan } from '../src/operation.ts';
import { routes, type Routes } from '../src/sandbox/routes.ts';

const facts = {
  name: 'proof',
  title: 'Proof',
  summary: 'Proves.',
  toolset: 'sessions',
  example: { id: 'x' },
  input: z.strictObject({ id: z.string() }),
  output: z.looseObject({ done: z.boolean() }),
} as const;
const done = { done: true };
const revoke = {
  ...facts,
  effects: ['destructive'],
  reads: ['getIdentity'],
  writes: ['deleteIdentitySessions'],
  idempotent: true,
} as const;
const rest = { targets: [], phrase: 'x', says: [], watch: {}, subjects: [], count: 1, result: done };
const plan = async (): Promise<Plan<'destructive', 'deleteIdentitySessions', typeof done>> => ({
  effects: ['destructive'],
  ...rest,
  calls: [],
});

// The proofs would prove nothing if this didn't compile.
read({ ...facts, reads: ['getIdentity'], run: async ({ id }, it) => ({ done: (await it.kratos('getIdentity', { id })).status === 200 }) });
change({ ...revoke, plan });
change({
  ...revoke,
  plan: async ({ id }) => ({
    effects: ['destructive'],
    ...rest,
    says: [say`Signs ${id} out.`],
    calls: [send('deleteIdentitySessions', { id })],
  }),
  report: () => done,
  readBack: async (result) => result,
  landed: async () => false,
});

// The sandbox lacks a route; or has one that the wire table does not have.
const { deleteIdentitySessions: _omitted, ...incomplete } = routes;
// @ts-expect-error TS2741
export const lacking: Routes = incomplete;
// @ts-expect-error TS2353
export const surplus: Routes = { ...routes, listEverything: routes.listIdentities };

// A wrong path parameter; a missing one; an endpoint that is not in the table; a planned read.
declare const kratos: Kratos<'getIdentity'>;
// @ts-expect-error TS2353
export const wrong = () => kratos('getIdentity', { identity: 'x' });
// @ts-expect-error TS2741
export const missing = () => send('deleteIdentityCredentials', { id: 'x' });
// @ts-expect-error TS2345
export const unheardOf = () => send('deleteEverything', {});
// @ts-expect-error TS2345
export const reading = () => send('getIdentity', { id: 'x' });

// A read that declares a writing endpoint; one that calls an endpoint it did not declare.
// @ts-expect-error TS2820
read({ ...facts, reads: ['deleteIdentitySessions'], run: async () => done });
read({
  ...facts,
  reads: ['getIdentity'],
  async run({ id }, it) {
    // @ts-expect-error TS2345
    await it.kratos('listIdentitySessions', { id });
    return done;
  },
});

// A plan that would write; one that reads what it did not declare. Reading back and looking whether it landed can't write either.
change({
  ...revoke,
  async plan({ id }, it) {
    // @ts-expect-error TS2345
    await it.kratos('deleteIdentitySessions', { id });
    // @ts-expect-error TS2345
    await it.kratos('listIdentitySessions', { id });
    return plan();
  },
  async readBack(result, it) {
    // @ts-expect-error TS2345
    await it.kratos('deleteIdentitySessions', { id: 'x' });
    return result;
  },
  async landed(_plan, it) {
    // @ts-expect-error TS2345
    await it.kratos('deleteIdentitySessions', { id: 'x' });
    return true;
  },
});

// A call that `writes` does not list; an effect that `effects` does not list; `read` among the effects of a change.
// @ts-expect-error TS2322
change({ ...revoke, plan: async ({ id }) => ({ effects: ['destructive'], ...rest, calls: [send('deleteIdentity', { id })] }) });
// @ts-expect-error TS2322
change({ ...revoke, plan: async ({ id }) => ({ effects: ['write'], ...rest, calls: [send('deleteIdentitySessions', { id })] }) });
// @ts-expect-error TS2322
change({ ...revoke, effects: ['read'], plan });

// A change without plan, without effects, without writes.
// @ts-expect-error TS2741
change({ ...revoke });
// @ts-expect-error TS2741
change({ ...facts, reads: [], writes: ['deleteIdentitySessions'], idempotent: true, plan });
// @ts-expect-error TS2741
change({ ...facts, reads: [], effects: ['destructive'], idempotent: true, plan });

// A result that does not fit `output`, of a read, of a plan and of a report; an example that does not fit `input`.
// @ts-expect-error TS2322
read({ ...facts, reads: [], run: async () => ({ done: 'yes' }) });
// @ts-expect-error TS2322
change({ ...revoke, plan: async () => ({ effects: ['destructive'], ...rest, calls: [], result: { done: 'yes' } }) });
// @ts-expect-error TS2322
change({ ...revoke, plan, report: () => ({ done: 'yes' }) });
// @ts-expect-error TS2561
change({ ...revoke, plan, example: { ID: 'x' } });

// A person is told nothing that did not go through `say`, which quotes the words of others.
// @ts-expect-error TS2322
change({ ...revoke, plan: async ({ id }) => ({ effects: ['destructive'], ...rest, says: [`Signs ${id} out.`], calls: [] }) });
// @ts-expect-error TS2322
export const raw: Said = 'Everything is fine.';
// @ts-expect-error TS2322
export const quoted: Said = quote('x');
