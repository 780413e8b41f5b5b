/** On the way to the provider and back, and what those see of a plan who have not signed in. */
import type { PlanRecord } from '../../store/types.ts';
import { html, type Html } from '../html.ts';
import type { View } from '../tokens.ts';
import { ways } from './decision.ts';
import { hidden, layout } from './layout.ts';
import { span, standingOf } from './words.ts';

/** The answer's headers move the browser on; the link is for those that do not. */
export const leaving = (address: string): string =>
  layout({
    title: 'Signing in',
    back: false,
    body: html`<h1>Signing in</h1>
      <p class="lead">Your browser goes on to the sign-in provider.</p>
      <p><a href="${address}">Go on</a></p>`,
  });

/** The same address once more, asked for by this page itself. */
export const again = (path: string): string =>
  layout({
    title: 'One moment',
    back: false,
    body: html`<h1>One moment</h1>
      <p class="lead">The page opens.</p>
      <p><a href="${path}">Go on</a></p>`,
  });

/** `plan`: comes back to it. */
export const signInForm = (view: View, plan?: string): Html =>
  html`<form method="post" action="/approvals/sign-in" aria-label="Sign in">
    ${hidden('token', view.token)}${plan !== undefined && hidden('plan', plan)}
    <p><button type="submit" class="plain">Sign in</button></p>
  </form>`;

export interface BriefPage {
  readonly plan: PlanRecord;
  /** For a no; undefined: it is too late for one. */
  readonly view: View | undefined;
  /** Undefined: they have signed in, as somebody whom it does not concern. */
  readonly signIn: View | undefined;
  readonly name: string | undefined;
  readonly now: number;
  readonly error?: string | undefined;
}

/** Nothing about accounts. Enough to say no, which needs no sign-in. */
export function briefPage({ plan, view, signIn, name, now, error }: BriefPage): string {
  const { word, tone, text } = standingOf(plan);
  const title = plan.shown?.title ?? plan.tool;
  const left = plan.state === 'waiting' && html`<p class="eyebrow">${span(plan.expires - now)} left</p>`;
  const body = html`${left}
    <p class="eyebrow">${title}</p>
    <h1 class="${tone}">${word}</h1>
    <p class="lead" role="status">${text}</p>
    <section aria-labelledby="in">
      <h2 id="in">${signIn === undefined ? 'Not for you to see' : 'Sign in to see it'}</h2>
      ${
        signIn === undefined
          ? html`<p>You signed in as ${name}. What this is about is shown to approvers, and to whoever asked for it.</p>`
          : html`<p>What this is about is shown to approvers, and to whoever asked for it.</p>
              ${signInForm(signIn, plan.id)}`
      }
    </section>
    ${
      view !== undefined &&
      html`<section class="decide" aria-labelledby="decide">
        <h2 id="decide">${plan.state === 'waiting' ? 'To refuse it' : 'Changed your mind?'}</h2>
        ${ways({ plan, whose: 'whoever asked' }, view)}
      </section>`
    }`;
  return layout({ title: word, body, error });
}
