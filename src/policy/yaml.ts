/** YAML as plain data: mappings, lists and scalars of one document, and where each of them stands. Pure, but for loading the parser when used. */
import type * as yamlModule from 'yaml';
import type { Document, Node, Pair } from 'yaml';

/** 1 is the first. */
export interface Position {
  readonly line: number;
  readonly column: number;
}
export interface Plain {
  /** As JSON would say it. */
  readonly content: unknown;
  /** Of the value there; of what holds it, where there is none. */
  readonly valueAt: (path: readonly PropertyKey[]) => Position;
  /** Of a member's name. */
  readonly keyAt: (path: readonly PropertyKey[], key: string) => Position;
}

/** Why it cannot be read, and where. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
  readonly at: Position;
  constructor(message: string, at: Position) {
    super(message);
    this.at = at;
  }
}

const DEEPEST = 16;
type Yaml = typeof yamlModule;

/** Throws `YamlError`. */
export async function readYaml(text: string): Promise<Plain> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const at = (offset: number | undefined): Position => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = yaml.parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core', merge: false, prettyErrors: false });
  const [problem] = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  if (problem !== undefined) {
    const [end] = problem.pos;
    const begun = isUnclosed(problem) ? beginningOf(document, { yaml, end }) : undefined;
    throw new YamlError(reasonOf(problem), at(begun ?? end));
  }
  if (document.directives?.yaml.explicit === true || Object.keys(document.directives?.tags ?? {}).length > 1) {
    throw new YamlError('directives (lines that begin with %) are not accepted', at(0));
  }
  const offsetOf = (node: unknown): number | undefined => (yaml.isNode(node) ? node.range?.[0] : undefined);
  const refuse = (node: unknown, why: string): never => {
    throw new YamlError(why, at(offsetOf(node)));
  };
  if (document.contents === null) throw new YamlError('the file holds no policy', at(0));
  refuseFancy(document.contents, { yaml, refuse, depth: 1 });
  const nodeAt = (path: readonly PropertyKey[]) => nearest(document, path);
  return {
    content: document.toJS({ maxAliasCount: 0 }),
    valueAt: (path) => at(offsetOf(nodeAt(path))),
    keyAt(path, key) {
      const node = nodeAt(path);
      const pair = yaml.isMap(node) ? node.items.find((it) => yaml.isScalar(it.key) && String(it.key.value) === key) : undefined;
      return at(offsetOf(pair?.key) ?? offsetOf(node));
    },
  };
}

/** Whatever is deepest on the way and there. */
function nearest(document: Document.Parsed, path: readonly PropertyKey[]): unknown {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (node !== undefined && node !== null) return node;
  }
  return document.contents;
}

interface Walk {
  readonly yaml: Yaml;
  readonly refuse: (node: unknown, why: string) => never;
  readonly depth: number;
}

/** What makes a file mean something else than it says at first sight. */
function refuseFancy(node: Node | null, { yaml, refuse, depth }: Walk): void {
  if (node === null) return;
  if (yaml.isAlias(node)) refuse(node, 'aliases (*name) are not accepted; write the value again');
  if ('anchor' in node && node.anchor !== undefined) refuse(node, 'anchors (&name) are not accepted');
  if (node.tag !== undefined) refuse(node, 'tags (!name) are not accepted');
  if (depth > DEEPEST) refuse(node, `nested deeper than ${DEEPEST}`);
  if (yaml.isSeq(node)) for (const item of node.items) refuseFancy(yaml.isNode(item) ? item : null, { yaml, refuse, depth: depth + 1 });
  if (yaml.isMap(node)) for (const pair of node.items) refusePair(pair, { yaml, refuse, depth: depth + 1 });
}

function refusePair({ key, value }: Pair, walk: Walk): void {
  const { yaml, refuse } = walk;
  if (!yaml.isScalar(key) || typeof key.value !== 'string') {
    refuse(key, 'the name of a member must be plain text (put it in quotation marks)');
    return;
  }
  refuseFancy(key, walk);
  if (key.value === '<<' || key.value === '__proto__') refuse(key, `"${key.value}" is not accepted as a name`);
  if (yaml.isNode(value)) refuseFancy(value, walk);
}

interface Problem {
  readonly code: string;
  readonly message: string;
}
const isUnclosed = ({ message }: Problem): boolean => message.startsWith('Missing closing') || message.startsWith('Flow ');

/** The parser finds out where it gives up; a person looks where the quotation mark or bracket is. */
function beginningOf(document: Document, { yaml, end }: { readonly yaml: Yaml; readonly end: number }): number | undefined {
  let begin: number | undefined;
  yaml.visit(document, {
    Node(_, node) {
      const isIt = yaml.isCollection(node) ? node.flow === true : yaml.isScalar(node) && node.type?.startsWith('QUOTE') === true;
      if (isIt && node.range?.[1] === end) begin ??= node.range[0];
    },
  });
  return begin;
}

/** The parser's words where they are plain enough. */
function reasonOf(problem: Problem): string {
  const { code, message } = problem;
  if (isUnclosed(problem)) return 'what begins here (a quotation mark or a bracket) is not closed, or not where it should be';
  const ours: Readonly<Record<string, string>> = {
    DUPLICATE_KEY: 'the same name stands twice in one mapping',
    MULTIPLE_DOCS: 'a file holds one policy; there is a second document',
    TAG_RESOLVE_FAILED: 'tags (!name) are not accepted',
    TAB_AS_INDENT: 'a tab is no indentation in YAML; use blanks',
    BAD_INDENT: 'the indentation does not fit',
    BAD_DIRECTIVE: 'directives (lines that begin with %) are not accepted',
  };
  return ours[code] ?? message.split('\n')[0] ?? code;
}
