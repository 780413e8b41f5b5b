/** What a run exposes of the table. Pure. */
import { UsageError } from '../errors.ts';
import type { Operation } from '../operation.ts';

export interface Selection {
  /** Only these groups. */
  readonly toolsets?: readonly string[] | undefined;
  /** Only the tools with these names; `*` stands for anything. */
  readonly tools?: readonly string[] | undefined;
  /** No changes at all. */
  readonly readOnly: boolean;
}

/** The operations that satisfy every part of the selection, in the order of the table. Throws `UsageError` for a part that names nothing. */
export function select(operations: readonly Operation[], { toolsets, tools, readOnly }: Selection): readonly Operation[] {
  const known = [...new Set<string>(operations.map((it) => it.toolset))];
  const unknown = toolsets?.find((it) => !known.includes(it));
  if (unknown !== undefined) throw new UsageError(`There is no toolset "${unknown}". There are: ${known.join(', ')}.`);

  const globs = tools?.map((glob) => ({ glob, matches: matcher(glob) }));
  const idle = globs?.find(({ matches }) => !operations.some((it) => matches(it.name)));
  if (idle) throw new UsageError(`No tool is named "${idle.glob}". There are: ${operations.map((it) => it.name).join(', ')}.`);

  const selected = operations.filter(
    (it) =>
      (!toolsets || toolsets.includes(it.toolset)) &&
      (!globs || globs.some(({ matches }) => matches(it.name))) &&
      (!readOnly || it.kind === 'read'),
  );
  if (selected.length > 0) return selected;
  throw new UsageError(
    `No tool is left to offer${readOnly ? ': the preset is read-only' : ''}. Name toolsets and tools that have some in common.`,
  );
}

/** `*` stands for anything, everything else for itself. */
function matcher(glob: string): (name: string) => boolean {
  const literal = (text: string) => text.replace(/[^\w]/g, '\\$&');
  const pattern = new RegExp(`^${glob.split(/\*+/).map(literal).join('.*')}$`);
  return (name) => pattern.test(name);
}
