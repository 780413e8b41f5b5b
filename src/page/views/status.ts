/** The page of a plan that was decided: how it goes on, to its end. */
import type { PlanRecord } from '../../store/types.ts';
import { html, type Html } from '../html.ts';
import type { View } from '../tokens.ts';
import { ways } from './decision.ts';
import { factorForm, needsScript, type Asked } from './factor.ts';
import { layout, recentEnrolments, type Enrolment } from './layout.ts';
import { details } from './plan.ts';
import { span, standingOf, when } from './words.ts';

export interface StatusPage {
  readonly plan: PlanRecord;
  /** While it can still be taken back. */
  readonly view?: View | undefined;
  readonly reveal?: WaitingSecret | undefined;
  readonly enrolments: readonly Enrolment[] | undefined;
  readonly now: number;
  readonly error?: string | undefined;
}

/** A recovery code or link that waits: for this browser's approver, who can ask for it, or for somebody else. */
export interface WaitingSecret {
  /** Whose account it is for; told to its approver alone. */
  readonly about?: string | undefined;
  readonly until: number;
  readonly asking?: { readonly asked: Asked; readonly view: View };
}

export function statusPage({ plan, view, reveal, enrolments, now, error }: StatusPage): string {
  const { word, tone, text } = standingOf(plan);
  const title = plan.shown?.title ?? plan.tool;
  const body = html`<p class="eyebrow">${title}${plan.state === 'approved' && ` · ${span(plan.expires - now)} left to carry it out`}</p>
    <h1 class="${tone}">${word}</h1>
    <p class="lead" role="status">${text}</p>
    ${reveal !== undefined && revealBox(plan, reveal, now)}
    ${
      view !== undefined &&
      html`<section class="decide" aria-labelledby="back">
        <h2 id="back">Changed your mind?</h2>
        ${ways({ plan }, view)}
      </section>`
    }
    ${decisions(plan)} ${plan.shown !== undefined && details(plan, plan.shown, now)} ${recentEnrolments(enrolments)}`;
  const script = reveal?.asking !== undefined && needsScript(reveal.asking.asked);
  return layout({ title: `${word}: ${title}`, body, error, script });
}

function revealBox({ id }: PlanRecord, { until, about, asking }: WaitingSecret, now: number): Html {
  return html`<section class="box good" aria-labelledby="secret">
    <h2 id="secret">A recovery secret waits here</h2>
    ${about !== undefined && html`<p><strong>For ${about}</strong></p>`}
    <p>
      It can be shown once, to the approver alone, until ${when(until)} (${span(until - now)} left). It clears from the screen after a
      minute, so have the customer ready.
    </p>
    ${
      asking === undefined
        ? html`<p>Whoever approved this can <a href="/approvals">sign in</a> and open this page again to see it.</p>`
        : factorForm({
            action: `/approvals/${id}/reveal`,
            label: 'Show it',
            ...asking,
            button: 'Show it now',
            kind: 'plain',
          })
    }
  </section>`;
}

const HOW = { passkey: 'passkey', totp: 'one-time code', oidc: 'sign-in', phrase: 'typed phrase', form: "form of the client's" } as const;
function decisions({ decided }: PlanRecord): Html | false {
  if (decided.length === 0) return false;
  return html`<section aria-labelledby="decided">
    <h2 id="decided">Decided by</h2>
    <ul>
      ${decided.map(
        ({ name, method, at, reason, ticket }) =>
          html`<li>
            ${name}, by ${HOW[method]},
            ${when(at)}${ticket !== undefined && `, ticket ${ticket}`}${reason !== undefined && html`: ${reason}`}
          </li>`,
      )}
    </ul>
  </section>`;
}

/** The secret itself; the answer's headers take it off the screen. */
export const revealPage = (values: Readonly<Record<string, string>>, about: string): string =>
  layout({
    title: 'Recovery secret',
    body: html`<h1>For the customer alone</h1>
      <p><strong>For ${about}</strong></p>
      <p class="lead">
        This signs its holder in. Hand it to the person whose account it is, by a way that you trust; never into a chat with an agent. It
        clears in a minute and is not shown again.
      </p>
      <dl class="secret">
        ${Object.entries(values).map(
          ([name, value]) =>
            html`<div>
              <dt>${name}</dt>
              <dd><code data-secret>${value}</code></dd>
            </div>`,
        )}
      </dl>`,
  });
