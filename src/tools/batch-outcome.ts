/** What became of a batch, item by item. */
import { z } from 'zod';
import { BatchReply, parseBody } from '../client/bodies.ts';
import type { Reply } from '../client/types.ts';
import type { Plan } from '../operation.ts';
import { present } from '../shape/present.ts';
import { shortWords } from '../shape/reason.ts';

const Outcome = z.looseObject({
  index: z.number(),
  action: z.enum(['created', 'error', 'skipped']),
  patch_id: z.string().optional(),
  identity: z.string().optional(),
  error: z.unknown().optional(),
});
export const BatchOut = z.looseObject({
  created: z.number(),
  failed: z.number(),
  failed_indexes: z.array(z.number()).optional(),
  hint: z.string().optional(),
  identities: z.array(Outcome),
});
type Outcome = z.input<typeof Outcome>;
type BatchOut = z.input<typeof BatchOut>;

/** What was sent, read from the plan's own call. */
const Sent = z.object({ identities: z.array(z.object({ patch_id: z.string().optional() })) });

/** The failed ones come first: a result that does not fit loses its end. */
export function reportBatch([reply]: readonly Reply[], plan: Pick<Plan, 'calls'>): BatchOut {
  const sent = Sent.parse(plan.calls[0]?.init.body).identities;
  const outcomes = reply?.status === 409 ? refusedAsAWhole(sent) : outcomesOf(reply, sent);
  const failed = outcomes.filter((it) => it.action !== 'created');
  const created = outcomes.filter((it) => it.action === 'created');
  return {
    created: created.length,
    failed: failed.length,
    ...(failed.length > 0 ? { failed_indexes: failed.map((it) => it.index) } : {}),
    ...hintFor(reply, sent.length),
    identities: [...failed, ...created],
  };
}

function hintFor(reply: Reply | undefined, items: number): { readonly hint?: string } {
  if (reply?.status === 409) return { hint: items === 1 ? IN_USE : AMONG };
  return items > MANY ? { hint: ELSEWHERE } : {};
}

/** More than these may not fit into an answer. */
const MANY = 100;
const ELSEWHERE = 'An id that is not shown here is found by what the account signs in with (list_identities, credentials_identifier).';

type SentItems = z.output<typeof Sent>['identities'];

/** Same order and length as the request; an item that Kratos took for empty is null. */
function outcomesOf(reply: Reply | undefined, sent: SentItems): Outcome[] {
  const { identities } = parseBody(
    BatchReply.refine((it) => it.identities.length === sent.length),
    reply,
  );
  return identities.map((it, index): Outcome => {
    const common = { index, ...patchId(sent[index]) };
    if (it === null) return { ...common, action: 'skipped' };
    if (it.action === 'create' && it.identity !== undefined) return { ...common, action: 'created', identity: it.identity };
    const { code, ...words } = it.error ?? {};
    return { ...common, action: 'error', error: present({ code, ...shortWords(words) }) };
  });
}

const patchId = (item: SentItems[number] | undefined) => (item?.patch_id === undefined ? {} : { patch_id: item.patch_id });

/** With just one item left to insert Kratos inserts it as if it were alone, and its conflict becomes the answer to all of them. */
const refusedAsAWhole = (sent: SentItems): Outcome[] =>
  sent.map((it, index): Outcome => ({ index, ...patchId(it), action: 'error', error: { code: 409 } }));
const IN_USE = 'A login identifier, an address or the external_id is in use by another identity.';
const AMONG =
  'Nothing was created: one of the items is in conflict with another identity, and the others cannot be created either. Kratos does not say which is which; send them one by one to find out.';
