/** The page of a plan that waits: what it is, then the ways out of it, the safe ones first. */
import type { PlanRecord, Shown } from '../../store/types.ts';
import { html, type Html } from '../html.ts';
import type { View } from '../tokens.ts';
import { factorForm, needsScript, type Asked } from './factor.ts';
import { hidden, layout, recentEnrolments, type Enrolment } from './layout.ts';
import { details } from './plan.ts';
import { span } from './words.ts';

/** How a yes can be given here and now. */
export type Way =
  | Asked
  | { readonly kind: 'phrase' }
  /** Nobody can: why, a sentence each. */
  | { readonly kind: 'none'; readonly because: readonly string[] };

export interface DecisionPage {
  readonly plan: PlanRecord;
  readonly shown: Shown;
  readonly view: View;
  readonly way: Way;
  readonly enrolments: readonly Enrolment[] | undefined;
  readonly frozen: boolean;
  readonly now: number;
  readonly error?: string | undefined;
  /** What was typed before, where an answer did not count. */
  readonly typed?: ReadonlyMap<string, string> | undefined;
}

export function decisionPage(page: DecisionPage): string {
  const { plan, shown, view, way, error, now } = page;
  const body = html`<p class="eyebrow">Nothing has been done yet · ${span(plan.expires - now)} left</p>
    <h1>${shown.title}</h1>
    <p class="lead">
      A program asks to change something, and you decide. Deny if you did not expect this. It is about
      <strong>${shown.environment}</strong>, asked by <strong>${shown.requester}</strong>.
    </p>
    ${page.frozen && plan.tool !== 'thaw' && html`<p class="box warn">All changes are frozen at the moment. A yes counts, but nothing is carried out before an approver thaws them, on the <a href="/approvals">list of requests</a>.</p>`}
    ${plan.decided.length > 0 && html`<p class="box calm">${plan.decided.map((it) => it.name).join(', ')} approved this. Another approver is needed before anything happens.</p>`}
    ${details(plan, shown, now)}
    <section class="decide" aria-labelledby="decide">
      <h2 id="decide">Your decision</h2>
      ${ways({ plan }, view)} ${yes(page)}
    </section>
    ${recentEnrolments(page.enrolments)}`;
  return layout({ title: shown.title, body, error, script: (way.kind === 'factor' || way.kind === 'login') && needsScript(way) });
}

/** Both need no factor: they lead to nothing being done. */
export const ways = (
  { plan, whose = plan.shown?.requester ?? plan.principal }: { readonly plan: PlanRecord; readonly whose?: string },
  view: View,
): Html =>
  html`<div class="ways">
      <form method="post" action="/approvals/${plan.id}" aria-label="Deny">
        ${hidden('token', view.token)}${hidden('action', 'deny')}<button type="submit">Deny</button>
      </form>
      <form method="post" action="/approvals/${plan.id}" aria-label="I did not start this">
        ${hidden('token', view.token)}${hidden('action', 'disown')}<button type="submit">I did not start this</button>
      </form>
    </div>
    <p class="hint">“I did not start this” also stops every other change for ${whose} until an approver unlocks them.</p>`;

function yes(page: DecisionPage): Html {
  const { plan, view, way, typed } = page;
  const action = `/approvals/${plan.id}`;
  const fields = html`${hidden('action', 'approve')}${required(page)}`;
  if (way.kind === 'none')
    return html`<div class="box calm">
      <h3>Nobody can approve this here</h3>
      ${way.because.map((it) => html`<p>${it}</p>`)}
    </div>`;
  if (way.kind === 'phrase') {
    return html`<h3>To approve</h3>
      <form method="post" action="${action}" aria-label="Approve" autocomplete="off">
        ${hidden('token', view.token)}${fields}
        <p>
          <label for="phrase">Type <q class="phrase">${plan.phrase}</q> to agree</label
          ><input id="phrase" name="phrase" maxlength="1000" required value="${typed?.get('phrase') ?? ''}" />
        </p>
        <p><button type="submit" class="approve">Approve</button></p>
      </form>`;
  }
  const need = plan.approvals - plan.decided.length;
  return html`<h3>To approve</h3>
    ${plan.approvals > 1 && html`<p>${need === 1 ? 'One more approver is needed' : `${need} different approvers are needed`}.</p>`}
    ${plan.others && way.kind === 'factor' && html`<p>Policy wants somebody other than ${plan.principal} to approve. This page can't always tell: don't approve what you asked for yourself.</p>`}
    ${factorForm({ action, label: 'Approve', view, asked: way, fields, button: 'Approve', kind: 'approve' })}`;
}

/** What the person enters, not the model. */
function required({ plan, typed, way }: DecisionPage): Html {
  const { kind, requires } = plan;
  const whose =
    way.kind === 'login' ? 'in the chat of whoever asked. If that is somebody else, let them tell you' : 'in your chat or terminal';
  return html`${
    kind === 'approve' &&
    html`<p>
      <label for="code">Code<span class="hint">The four characters that stand beside the address ${whose}.</span></label>
      <input
        id="code"
        name="code"
        class="code"
        maxlength="8"
        autocapitalize="characters"
        spellcheck="false"
        required
        value="${typed?.get('code') ?? ''}"
      />
    </p>`
  }
  ${
    requires.reason &&
    html`<p>
      <label for="reason">Reason<span class="hint">Goes into the record of this decision.</span></label>
      <input id="reason" name="reason" maxlength="500" required value="${typed?.get('reason') ?? ''}" />
    </p>`
  }
  ${
    requires.ticket !== undefined &&
    html`<p>
      <label for="ticket"
        >Ticket<span class="hint">Has to match <code>${requires.ticket}</code></span></label
      >
      <input id="ticket" name="ticket" maxlength="100" spellcheck="false" required value="${typed?.get('ticket') ?? ''}" />
    </p>`
  }`;
}
