/** The front page: how much waits, for whoever opens it; what waits and what was decided, for an approver who has signed in. */
import type { Approver, PlanRecord } from '../../store/types.ts';
import { html, type Html } from '../html.ts';
import type { View } from '../tokens.ts';
import { factorForm, hasPasskey } from './factor.ts';
import { hidden, layout, recentEnrolments, type Enrolment } from './layout.ts';
import { span, standingOf, when } from './words.ts';

export interface FrontPage {
  readonly waiting: number;
  readonly approvers: readonly Approver[];
  readonly challenge: string;
  readonly view: View;
  readonly enrolments: readonly Enrolment[];
  readonly frozen: boolean;
  readonly error?: string | undefined;
}

export function frontPage({ waiting, approvers, challenge, view, enrolments, frozen, error }: FrontPage): string {
  const body = html`<h1>Approvals</h1>
    <p class="lead">${requests(waiting)} for a decision.${frozen && ' All changes are frozen.'}</p>
    <section aria-labelledby="in">
      <h2 id="in">Sign in to see them</h2>
      ${
        approvers.length === 0
          ? html`<p>
              Nobody is enrolled as an approver yet. Whoever runs this server does that on its machine, with
              <code>ory-identity-mcp approver enroll</code>.
            </p>`
          : factorForm({ action: '/sign-in', label: 'Sign in', view, challenge, approvers, button: 'Sign in', kind: 'plain' })
      }
    </section>
    ${recentEnrolments(enrolments)}`;
  return layout({ title: 'Approvals', body, error, script: hasPasskey(approvers), back: false });
}

const requests = (count: number): string => (count === 0 ? 'Nothing waits' : count === 1 ? 'One request waits' : `${count} requests wait`);

export interface ListPage {
  readonly approver: Approver;
  /** Newest first. */
  readonly plans: readonly PlanRecord[];
  readonly reveals: ReadonlySet<string>;
  /** Each with who may unlock it. */
  readonly locked: readonly {
    readonly principal: string;
    readonly since: number;
    readonly challenge: string;
    readonly view: View;
    readonly approvers: readonly Approver[];
  }[];
  readonly signOut: View;
  readonly enrolments: readonly Enrolment[];
  readonly frozen: boolean;
  readonly now: number;
  readonly error?: string | undefined;
}

export function listPage(page: ListPage): string {
  const { approver, plans, reveals, locked, signOut, enrolments, frozen, now, error } = page;
  const waiting = plans.filter((it) => it.state === 'waiting');
  const others = plans.filter((it) => it.state !== 'waiting').slice(0, 50);
  const body = html`<h1>Approvals</h1>
    <div class="account">
      <p>Signed in as ${approver.name}. To approve you are asked for your factor each time.</p>
      <form method="post" action="/sign-out" aria-label="Sign out">
        ${hidden('token', signOut.token)}<button type="submit">Sign out</button>
      </form>
    </div>
    ${frozen && html`<p class="box warn">All changes are frozen. <code>ory-identity-mcp thaw</code> on the server's machine asks an approver to allow them again.</p>`}
    ${locked.map(unlockForm)}
    <section aria-labelledby="waiting">
      <h2 id="waiting">Waiting</h2>
      ${
        waiting.length === 0
          ? html`<p>Nothing waits.</p>`
          : html`<ul class="plans">
              ${waiting.map((it) => row(it, html`${span(it.expires - now)} left`))}
            </ul>`
      }
    </section>
    <section aria-labelledby="last">
      <h2 id="last">Last decisions</h2>
      ${
        others.length === 0
          ? html`<p>None within a week.</p>`
          : html`<ul class="plans">
              ${others.map((it) => row(it, html`${standingOf(it).word}${reveals.has(it.id) && ', a recovery secret waits'}, ${when(it.endedAt ?? it.created)}`))}
            </ul>`
      }
    </section>
    ${recentEnrolments(enrolments)}`;
  return layout({ title: 'Approvals', body, error, script: locked.some((it) => hasPasskey(it.approvers)), back: false });
}

const row = ({ id, shown, tool, principal, decided }: PlanRecord, how: Html): Html =>
  html`<li>
    <a href="/approvals/${id}">${shown?.title ?? tool}</a>
    ${shown?.concerns.map((it) => html`<p>${it}</p>`)}
    <p class="hint">
      ${how} · asked by ${shown?.requester ?? principal}${decided.length > 0 && ` · approved by ${decided.map((it) => it.name).join(', ')}`}
    </p>
  </li>`;

function unlockForm({ principal, since, challenge, view, approvers }: ListPage['locked'][number]): Html {
  return html`<section class="box warn" aria-label="Locked: ${principal}">
    <h2>Changes for ${principal} are locked</h2>
    <p>Since ${when(since)}, by refusals on this page.</p>
    ${
      approvers.length === 0
        ? html`<p>No approver may unlock this yet.</p>`
        : factorForm({
            action: '/unlock',
            label: `Unlock ${principal}`,
            view,
            challenge,
            approvers,
            fields: hidden('principal', principal),
            button: 'Unlock',
            kind: 'plain',
          })
    }
  </section>`;
}
