/** What `policy explain` prints of one call. Pure. */
import { clean } from '../lib/text.ts';
import type { Explained } from '../policy/judge.ts';
import type { Decision } from '../policy/policy.ts';
import { wrap } from './print.ts';

export type Outcome =
  | { readonly kind: 'wrong'; readonly number: number; readonly why: string }
  | {
      readonly kind: 'told';
      readonly number: number;
      readonly tool: string;
      /** `unchanged` where the call would change nothing, so that nobody is asked. */
      readonly verdict: string;
      readonly explained: Explained | undefined;
      readonly expected: string | undefined;
      /** Undefined: nothing was expected. */
      readonly met: boolean | undefined;
    };

/** Names of members were written by somebody: nothing unseen reaches the terminal. */
const seen = (text: string): string => clean(text, 1_000).text;

export function asText(outcome: Outcome): string {
  if (outcome.kind === 'wrong') return `line ${outcome.number}: ${seen(outcome.why)}`;
  const { number, tool, verdict, explained, expected, met } = outcome;
  const head = `line ${number}: ${tool}: ${verdict}${met === false ? ` (expected: ${expected})` : ''}`;
  if (explained === undefined) return `${head}\n    It would change nothing, so that nobody is asked.`;
  const { decision, passedOver } = explained;
  return [
    head,
    `    by ${seen(decision.rule)}`,
    ...wrap(seen(decision.because), '    '),
    ...asks(decision).map((it) => `    ${it}`),
    ...passed(passedOver),
  ].join('\n');
}

const NOT_REACHED = 'not looked at: ';
/** Rules that were not reached, all for the same reason, stand on one line. */
function passed(over: Explained['passedOver']): readonly string[] {
  const unreached = over.filter((it) => it.why.startsWith(NOT_REACHED));
  const [first] = unreached;
  return [
    ...over.filter((it) => !unreached.includes(it)).map((it) => `    passed over ${seen(it.rule)}: ${seen(it.why)}`),
    ...(first === undefined
      ? []
      : wrap(seen(`${first.why.replace(/ it$/, '')}: ${unreached.map((it) => it.rule).join(', ')}`), '      ', '    ')),
  ];
}

function asks({ kind, requires, others, confirmBy }: Decision): readonly string[] {
  if (kind !== 'confirm' && kind !== 'approve') return [];
  return [
    kind === 'confirm' ? `asked by ${confirmBy}` : 'asked by page',
    ...(requires.reason ? ['wants a reason'] : []),
    ...(requires.ticket === undefined ? [] : [`wants a ticket: ${requires.ticket}`]),
    ...(others ? ['by somebody else than the requester'] : []),
  ];
}

export function asJson(outcome: Outcome): string {
  if (outcome.kind === 'wrong') return JSON.stringify({ line: outcome.number, error: seen(outcome.why) });
  const { number, tool, verdict, explained, expected, met } = outcome;
  const decision = explained?.decision;
  return JSON.stringify({
    line: number,
    tool,
    verdict,
    rule: decision?.rule,
    because: decision?.because,
    requires: decision?.requires,
    others: decision?.others,
    confirm_by: decision?.kind === 'approve' ? 'page' : decision?.confirmBy,
    passed_over: explained?.passedOver,
    expected,
    ok: met,
  });
}
