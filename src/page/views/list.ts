/** The front page: how much waits, for whoever opens it; what waits and what was decided, for an approver who has signed in. */
import type { PlanRecord } from '../../store/types.ts';
import { html, type Html } from '../html.ts';
import type { View } from '../tokens.ts';
import { factorForm, needsScript, type Asked } from './factor.ts';
import { hidden, layout, recentEnrolments, type Enrolment } from './layout.ts';
import { signInForm } from './login.ts';
import { span, standingOf, when } from './words.ts';

export interface FrontPage {
  /** Undefined: not told to strangers, where the page is not on loopback. */
  readonly waiting: number | undefined;
  /** How to sign in; undefined: nobody can. */
  readonly asked: Asked | undefined;
  readonly view: View;
  readonly enrolments: readonly Enrolment[] | undefined;
  readonly frozen: boolean;
  readonly error?: string | undefined;
}

export function frontPage({ waiting, asked, view, enrolments, frozen, error }: FrontPage): string {
  const body = html`<h1>Approvals</h1>
    ${waiting !== undefined && html`<p class="lead">${requests(waiting)} for a decision.${frozen && ' All changes are frozen.'}</p>`}
    <section aria-labelledby="in">
      <h2 id="in">Sign in to see them</h2>
      ${signIn(asked, view)}
    </section>
    ${recentEnrolments(enrolments)}`;
  return layout({ title: 'Approvals', body, error, script: asked !== undefined && needsScript(asked), back: false });
}

function signIn(asked: Asked | undefined, view: View): Html {
  if (asked === undefined)
    return html`<p>
      Nobody is enrolled as an approver who could answer here. Whoever runs this server does that on its machine, with
      <code>ory-identity-mcp approver enroll</code> and the <code>--state-dir</code> and <code>--policy</code> that the server has; and
      <code>--totp</code>, where this page is not at <code>localhost</code>: passkeys are enrolled for that name.
    </p>`;
  if (asked.kind === 'login') return signInForm(view);
  return factorForm({ action: '/approvals/sign-in', label: 'Sign in', view, asked, button: 'Sign in', kind: 'plain' });
}

const requests = (count: number): string => (count === 0 ? 'Nothing waits' : count === 1 ? 'One request waits' : `${count} requests wait`);

/** What stops changes. */
export interface Liftable {
  /** Undefined: nobody knows. */
  readonly since: number | undefined;
  readonly view: View;
  /** How it is lifted; undefined: nobody may yet. */
  readonly asked: Asked | undefined;
}

export interface ListPage {
  /** Who has signed in. */
  readonly name: string;
  /** Newest first. */
  readonly plans: readonly PlanRecord[];
  readonly reveals: ReadonlySet<string>;
  readonly locked: readonly (Liftable & { readonly principal: string })[];
  /** Undefined: nothing is frozen. */
  readonly freeze: (Liftable & { readonly subject: string; readonly why: readonly string[] }) | undefined;
  readonly signOut: View;
  readonly enrolments: readonly Enrolment[] | undefined;
  readonly now: number;
  readonly error?: string | undefined;
}

export function listPage(page: ListPage): string {
  const { name, plans, reveals, locked, freeze, signOut, enrolments, now, error } = page;
  const waiting = plans.filter((it) => it.state === 'waiting');
  const others = plans.filter((it) => it.state !== 'waiting').slice(0, 50);
  const body = html`<h1>Approvals</h1>
    <div class="account">
      <p>Signed in as ${name}. To approve you show each time who you are.</p>
      ${signOutForm(signOut)}
    </div>
    ${freeze !== undefined && thawForm(freeze)} ${locked.map(unlockForm)}
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
  return layout({
    title: 'Approvals',
    body,
    error,
    script: [...locked, freeze].some((it) => it?.asked !== undefined && needsScript(it.asked)),
    back: false,
  });
}

const signOutForm = (view: View): Html =>
  html`<form method="post" action="/approvals/sign-out" aria-label="Sign out">
    ${hidden('token', view.token)}<button type="submit">Sign out</button>
  </form>`;

export interface StrangerPage {
  readonly name: string;
  readonly signOut: View;
  /** Whether policy names anybody. */
  readonly isNobody: boolean;
  readonly error?: string | undefined;
}

/** For somebody who has signed in and is no approver. */
export const strangerPage = ({ name, signOut, isNobody, error }: StrangerPage): string =>
  layout({
    title: 'Approvals',
    error,
    back: false,
    body: html`<h1>Approvals</h1>
      <div class="account">
        <p>Signed in as ${name}.</p>
        ${signOutForm(signOut)}
      </div>
      <p class="lead">Policy does not name you as an approver.${isNobody && ' It names nobody at all (approvers: who).'}</p>
      <p>What you asked for yourself is shown at the address that your agent gave you.</p>`,
  });

const row = ({ id, shown, tool, principal, decided }: PlanRecord, how: Html): Html =>
  html`<li>
    <a href="/approvals/${id}">${shown?.title ?? tool}</a>
    ${shown?.concerns.map((it) => html`<p>${it}</p>`)}
    <p class="hint">
      ${how} · asked by ${shown?.requester ?? principal}${decided.length > 0 && ` · approved by ${decided.map((it) => it.name).join(', ')}`}
    </p>
  </li>`;

function unlockForm({ principal, since, view, asked }: ListPage['locked'][number]): Html {
  return html`<section class="box warn" aria-label="Locked: ${principal}">
    <h2>Changes for ${principal} are locked</h2>
    <p>${sinceOf(since)}, by refusals on this page.</p>
    ${
      asked === undefined
        ? html`<p>No approver may unlock this yet: who was enrolled after it began, or within the last day, does not count.</p>`
        : factorForm({
            action: '/approvals/unlock',
            label: `Unlock ${principal}`,
            view,
            asked,
            fields: hidden('principal', principal),
            button: 'Unlock',
            kind: 'plain',
          })
    }
  </section>`;
}

const sinceOf = (since: number | undefined): Html => (since === undefined ? html`For a while` : html`Since ${when(since)}`);

function thawForm({ subject, since, why, view, asked }: NonNullable<ListPage['freeze']>): Html {
  return html`<section class="box warn" aria-labelledby="frozen">
    <h2 id="frozen">All changes are frozen</h2>
    <p>${sinceOf(since)}. Reads go on.${why.length === 0 && ' No reason was given.'}</p>
    ${why.map((it) => html`<p>${it}</p>`)}
    ${
      asked === undefined
        ? html`<p>
            No approver may thaw this here yet: who was enrolled after it began, or within the last day, does not count. The command
            <code>ory-identity-mcp thaw</code> on the server's machine says from when on somebody does.
          </p>`
        : html`<p>Thaw only when you know that what it was frozen for is over: changes go on at once, in every server that shares it.</p>
            ${factorForm({
              action: '/approvals/thaw',
              label: 'Thaw',
              view,
              asked,
              fields: hidden('freeze', subject),
              button: 'Allow changes again',
              kind: 'plain',
            })}`
    }
  </section>`;
}
