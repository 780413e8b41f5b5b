/** `tools`: what the settings offer, without any Kratos. */
import { z } from 'zod';
import { readValues, type Flags } from '../config/load.ts';
import type { Operation } from '../operation.ts';
import { annotations } from '../server/annotations.ts';
import { operations } from '../tools/index.ts';
import { select } from '../tools/select.ts';
import { print, table } from './print.ts';

/** Answers the exit code. */
export function tools(flags: Flags, asJson: boolean): number {
  const { values } = readValues(flags);
  const offered = select(operations, { toolsets: values.toolsets, tools: values.tools, readOnly: values.preset === 'read-only' });
  print(
    asJson
      ? JSON.stringify(offered.map(listed), null, 2)
      : table([['TOOL', 'TOOLSET', 'A CALL CAN BE', 'WHAT IT DOES'], ...offered.map(row)]),
  );
  return 0;
}

const row = (op: Operation): readonly string[] => [op.name, op.toolset, effectsOf(op), op.title];

/** What its calls can be, for people. */
const effectsOf = (op: Operation): string => (op.kind === 'read' ? 'read' : op.effects.join(', '));

/** As the protocol lists it. */
const listed = (op: Operation): Readonly<Record<string, unknown>> => ({
  name: op.name,
  title: op.title,
  description: op.summary,
  toolset: op.toolset,
  effects: op.kind === 'read' ? ['read'] : op.effects,
  inputSchema: schema(op.input, 'input'),
  outputSchema: schema(op.output, 'output'),
  annotations: annotations(op),
});

function schema(type: z.ZodType, io: 'input' | 'output'): Readonly<Record<string, unknown>> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(type, { io });
  return rest;
}
