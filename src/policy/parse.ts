/** The text of a policy file → a policy. Every failure is a `UsageError` with file, line, column and reason. */
import { UsageError } from '../errors.ts';
import { PolicyFile, VERSION } from './file.ts';
import { globMatches } from './globs.ts';
import { hashOf } from './hash.ts';
import { firstWrong } from './issues.ts';
import type { Policy } from './policy.ts';
import { policyOf } from './policy-of.ts';
import { readYaml, YamlError, type Plain, type Position } from './yaml.ts';

/** What is known of a tool here. */
export interface Tool {
  readonly name: string;
  readonly kind: 'read' | 'change';
}
export interface Source {
  /** As the operator wrote it. */
  readonly path: string;
  /** All there are, whichever a run offers. */
  readonly tools: readonly Tool[];
}

export async function parsePolicy(text: string, { path, tools }: Source): Promise<Policy> {
  const refuse = (at: Position, reason: string): never => {
    throw new UsageError(`Policy file ${path}:${at.line}:${at.column}: ${reason}${/[.!]$/.test(reason) ? '' : '.'}`);
  };
  let plain: Plain;
  try {
    plain = await readYaml(text);
  } catch (error) {
    if (error instanceof YamlError) return refuse(error.at, error.message);
    throw error;
  }
  refuseNewer(plain, refuse);
  const parsed = PolicyFile.safeParse(plain.content, { reportInput: true });
  if (!parsed.success) {
    const { at, reason } = firstWrong(parsed.error.issues, plain);
    return refuse(at, reason);
  }
  refuseUnknownTools(parsed.data, { tools, plain, refuse });
  const line = (...at: readonly PropertyKey[]) => plain.valueAt(at).line;
  return policyOf(parsed.data, { name: path, hash: hashOf(plain.content), line });
}

type Refuse = (at: Position, reason: string) => never;

/** Said before anything else: a newer file may well hold what is unknown here. */
function refuseNewer({ content, valueAt }: Plain, refuse: Refuse): void {
  const version = typeof content === 'object' && content !== null && 'version' in content ? content.version : undefined;
  if (typeof version === 'number' && version > VERSION) {
    refuse(valueAt(['version']), `it is of version ${version} and this program reads version ${VERSION}. Update the program`);
  }
}

/** A rule that no tool ever fits is a typing error, and may be the one that was to deny. */
function refuseUnknownTools(
  { rules }: PolicyFile,
  { tools, plain, refuse }: { readonly tools: readonly Tool[]; readonly plain: Plain; readonly refuse: Refuse },
): void {
  for (const [index, { tools: globs = [], verdict }] of rules.entries()) {
    const at = (item: number) => plain.valueAt(['rules', index, 'tools', item]);
    for (const [item, glob] of globs.entries()) {
      if (!tools.some((it) => globMatches(glob, it.name))) refuse(at(item), `no tool is named "${glob}". See ory-identity-mcp tools`);
    }
    const named = tools.filter((it) => globs.some((glob) => globMatches(glob, it.name)));
    if (verdict !== 'allow' && verdict !== 'deny' && named.length > 0 && named.every((it) => it.kind === 'read')) {
      refuse(
        plain.valueAt(['rules', index, 'verdict']),
        'these tools only read, and a read is allowed or denied; nobody is asked about one',
      );
    }
  }
}
