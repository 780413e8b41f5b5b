/** What a rule must not say at once, although each part of it is fine. Pure. */
import { FLOOR } from './strictness.ts';

interface Said {
  readonly effects?: readonly string[] | undefined;
  readonly target?: object | undefined;
  readonly count?: object | undefined;
  readonly client?: readonly string[] | undefined;
  readonly verdict: string | object;
  readonly require?: object | undefined;
  readonly approvers?: string | undefined;
  readonly confirm_by?: string | undefined;
}
interface Contradiction {
  readonly key: string;
  readonly message: string;
}

export function contradictionsIn(rule: Said): readonly Contradiction[] {
  const { effects = [], target, client, verdict } = rule;
  const approves = verdict === 'approve' || typeof verdict === 'object';
  const asks = approves || verdict === 'confirm';
  const onlyReads = effects.length > 0 && effects.every((it) => it === 'read');
  const onlyFloor = effects.length > 0 && effects.every((it) => FLOOR.includes(it));
  const found: readonly (Contradiction & { readonly is: boolean })[] = [
    { is: onlyFloor && verdict === 'allow', key: 'verdict', message: 'takeover, destructive and mass are never less than confirm' },
    { is: onlyReads && asks, key: 'verdict', message: 'a read is allowed or denied; nobody is asked about one' },
    {
      is: onlyReads && (target !== undefined || rule.count !== undefined),
      key: target === undefined ? 'count' : 'target',
      message: 'reads are ruled by tool, principal, client and time only',
    },
    {
      is: client !== undefined && verdict === 'allow',
      key: 'verdict',
      message: 'a rule on the client can only raise a verdict, since the client names itself',
    },
    {
      is: rule.require !== undefined && !asks,
      key: 'require',
      message: 'needs a verdict by which a person is asked: confirm or approve',
    },
    { is: rule.approvers !== undefined && !approves, key: 'approvers', message: 'goes with the verdict approve only' },
    { is: rule.confirm_by !== undefined && verdict !== 'confirm', key: 'confirm_by', message: 'goes with the verdict confirm only' },
  ];
  return found.filter((it) => it.is);
}
