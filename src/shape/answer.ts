/** Makes the answers of tools: everything that leaves passes here once, cleaned, cut to the budget, and fenced in the text. Pure but for the nonce, which is handed in. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { InputError, KratosError } from '../errors.ts';
import { cleanText, cleanTree, type CleanTree } from './clean.ts';
import { fit, type Fitted } from './fit.ts';
import { head } from './head.ts';
import { hide, type HiddenPath } from './hide.ts';
import { isObject, type Json } from './present.ts';
import { shortWords } from './reason.ts';
import { dataLines, fence } from './render.ts';
import { estimateTokens } from './size.ts';

/** How a gated call ended, as `_meta["ory-identity-mcp/outcome"]` says it. `pending`: the same call made again collects the answer. */
export type Refusal = 'failed' | 'declined' | 'expired' | 'stale' | 'pending' | 'denied' | 'unknown';
const OUTCOME = 'ory-identity-mcp/outcome';

export interface AnswerPorts {
  /** Tokens for text and `structuredContent` together. */
  readonly budget: number;
  /** 32 hexadecimal digits, random, new at each call. */
  readonly nonce: () => string;
  /** Gets an error that is none of ours, for the log; the answer has nothing of it but the code. */
  readonly unexpected?: ((code: string, error: unknown) => void) | undefined;
  /** What policy hides from every identity in a result, as it is at the time of the call. */
  readonly hide?: (() => readonly HiddenPath[]) | undefined;
}

export interface ResultOptions {
  /** Texts are capped at 2,000 characters instead of 200. */
  readonly full?: boolean | undefined;
  /** A sentence of ours; never words of others, it stands outside the fence. */
  readonly note?: string | undefined;
  readonly outcome?: 'executed' | undefined;
}

export interface Shaped {
  readonly result: CallToolResult;
  /** Records that fit, and that there were: where they differ, a smaller page fits. Both 1 where a result has no records. */
  readonly shown: number;
  readonly of: number;
}

export interface Answers {
  readonly result: (value: Json, records?: string, options?: ResultOptions) => Shaped;
  /** `text` is of ours; `quoted` are words of others that belong to it. */
  readonly refusal: (outcome: Refusal, text: string, quoted?: string) => CallToolResult;
  /** A gated call that Kratos refused, or of which nobody knows: `text` and what the error says. */
  readonly failure: (outcome: 'failed' | 'unknown', text: string, error: unknown) => CallToolResult;
  readonly error: (error: unknown) => CallToolResult;
  /** An error as text alone, for what is no tool. */
  readonly explain: (error: unknown) => string;
  /** Upstream JSON for what is no tool: every string cleaned, long ones at the caps of a full view. */
  readonly clean: (value: unknown) => unknown;
}

export function createAnswers({ budget, nonce, unexpected, hide: hiddenPaths = () => [] }: AnswerPorts): Answers {
  const tell = (error: unknown): Told =>
    told(error, () => {
      const code = nonce().slice(0, 8);
      unexpected?.(code, error);
      return code;
    });
  const explain = (error: unknown) => {
    const { what, advice, quotes } = tell(error);
    return paragraph(sentences(what, advice), quotes, nonce());
  };
  return {
    result(value, records, options = {}) {
      const open = hide(value, hiddenPaths());
      const cleaned = cleanTree(open.value, { full: options.full ?? false });
      const text = textOf({ cleaned, records, hidden: open.hidden, note: options.note, nonce: nonce() });
      let last: { readonly fitted: Fitted; readonly text: string } | undefined;
      const measure = (it: Fitted) => {
        last = { fitted: it, text: text(it) };
        const json = JSON.stringify(it.value);
        // No character costs more than a token: most results fit without their words being looked at.
        const most = last.text.length + json.length;
        return it.cut === 0 && it.shown === it.of && most <= budget ? most : estimateTokens(last.text) + estimateTokens(json);
      };
      const fitted = fit(isObject(cleaned.value) ? cleaned.value : {}, { records, budget, measure });
      const said = last?.fitted === fitted ? last.text : text(fitted);
      const result = { content: [{ type: 'text' as const, text: said }], structuredContent: { ...fitted.value } };
      const { shown, of } = fitted;
      return { result: options.outcome ? { ...result, _meta: { [OUTCOME]: options.outcome } } : result, shown, of };
    },
    refusal: (outcome, text, quoted) => refused(outcome, paragraph(text, quoted === undefined ? [] : [quoted], nonce())),
    failure(outcome, text, error) {
      const { what, advice, quotes } = tell(error);
      // Where nobody knows, `text` says what to do, and an advice about trying again would contradict it.
      return refused(outcome, paragraph(sentences(text, what, outcome === 'unknown' ? '' : advice), quotes, nonce()));
    },
    error: (error) => ({ isError: true, content: [{ type: 'text', text: explain(error) }] }),
    explain,
    clean: (value) => cleanTree(value, { full: true }).value,
  };
}

interface TextParts {
  readonly cleaned: CleanTree;
  readonly records: string | undefined;
  readonly hidden: number;
  readonly note: string | undefined;
  readonly nonce: string;
}

const textOf =
  ({ cleaned: { removed, cut }, records, hidden, note, nonce }: TextParts) =>
  (fitted: Fitted): string => {
    const first = head({ fitted, records, hidden, removed, cutTexts: cut, note });
    const lines = dataLines(fitted.value, records);
    return [first, lines.length === 0 ? '' : fence(lines, nonce)].filter((it) => it !== '').join('\n');
  };

/** After these the agent may find out or try again by itself; after all others only the user can say what next. */
const OPEN: ReadonlySet<Refusal> = new Set(['failed', 'unknown']);

function refused(outcome: Refusal, text: string): CallToolResult {
  const begins = outcome === 'unknown' ? 'Unknown: ' : `Not done (${outcome}): `;
  const ends = OPEN.has(outcome) ? '' : '\nDo not try this again without new instructions from the user.';
  return { isError: true, content: [{ type: 'text', text: `${begins}${text}${ends}` }], _meta: { [OUTCOME]: outcome } };
}

const QUOTED_CAP = 300;
const SAID_CAP = 2_000;

function paragraph(says: string, quotes: readonly string[], nonce: string): string {
  const ours = cleanText(says, SAID_CAP);
  const theirs = quotes.map((it) => cleanText(it, QUOTED_CAP));
  return theirs.length === 0 ? ours : `${ours}\n${fence(theirs, nonce)}`;
}

interface Told {
  /** What went wrong, in a sentence of ours. */
  readonly what: string;
  /** What to do about it, ours too. */
  readonly advice: string;
  /** Words of others, a line each. */
  readonly quotes: readonly string[];
}

/** What was wrong, what to do, whether trying again can help. Of an error that is none of ours nothing is told but that there was one. */
function told(error: unknown, codeOf: () => string): Told {
  if (error instanceof InputError) return { what: error.message, advice: '', quotes: error.quoted === undefined ? [] : [error.quoted] };
  if (!(error instanceof KratosError)) return { what: `Internal error (${codeOf()}).`, advice: '', quotes: [] };
  const { message, status, said, hint, retryable, retryAfter } = error;
  const what = status === undefined ? message : `${message.replace(/\.$/, '')} (HTTP ${status}).`;
  const after = retryAfter === undefined ? 'later' : `after ${Math.ceil(retryAfter)} seconds`;
  const again = retryable ? `Trying again ${after} can help.` : 'Trying again unchanged will not help.';
  const words = shortWords(said ?? {});
  const quotes = [words.message, words.reason].flatMap((it) => (it ? [it] : []));
  return { what, advice: sentences(hint, again), quotes };
}

const sentences = (...parts: readonly string[]) => parts.filter((it) => it !== '').join(' ');
