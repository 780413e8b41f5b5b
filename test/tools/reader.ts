/** Operations of the table by name, and reads run as the pipeline runs them. */
import { narrow } from '../../src/client/kratos.ts';
import type { ChangeOperation, Operation } from '../../src/operation.ts';
import { operations } from '../../src/tools/index.ts';
import { settings, type Stage } from './run.ts';

export function operation(name: string): Operation {
  const found = operations.find((it) => it.name === name);
  if (!found) throw new Error(`no operation ${name}`);
  return found;
}

export function changing(name: string): ChangeOperation {
  const found = operation(name);
  if (found.kind !== 'change') throw new Error(`${name} changes nothing`);
  return found;
}

/** Parses the arguments, runs the read against the stage's Kratos and checks the result against the output schema. */
export async function reading(
  name: string,
  input: Record<string, unknown>,
  { kratos }: Pick<Stage, 'kratos'>,
): Promise<Record<string, unknown>> {
  const op = operation(name);
  if (op.kind !== 'read') throw new Error(`${name} is no read`);
  const context = { kratos: narrow(kratos, op.reads, AbortSignal.timeout(20_000)), settings };
  return op.output.parse(await op.run(op.input.parse(input), context));
}
