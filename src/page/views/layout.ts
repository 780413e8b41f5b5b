/** The frame of every page. */
import { html, type Html, type Part } from '../html.ts';
import { passkeyScript } from '../script.ts';
import { when } from './words.ts';

export interface Layout {
  readonly title: string;
  readonly body: Part;
  /** What went wrong with the last answer; read out at once. */
  readonly error?: string | undefined;
  /** Whether a form on it speaks to a passkey. */
  readonly script?: boolean;
  readonly back?: boolean;
}

export const layout = ({ title, body, error, script = false, back = true }: Layout): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} – approvals</title>
        <link rel="stylesheet" href="/approvals/style.css" />
      </head>
      <body>
        <header class="top">
          <p>ory-identity-mcp <span>approvals</span></p>
          ${back && html`<nav aria-label="Pages"><a href="/approvals">All requests</a></nav>`}
        </header>
        <main>${error !== undefined && html`<div class="box bad" role="alert"><p>${error}</p></div>`} ${body}</main>
        <footer><p>This page never asks for a password, a customer's secret or a key of Kratos.</p></footer>
        ${script && passkeyScript}
      </body>
    </html> `.text;

export interface Enrolment {
  readonly name: string;
  readonly method: string;
  readonly at: number;
  readonly removedAt?: number;
}

/** So that nobody is let in unseen. */
export function recentEnrolments(enrolments: readonly Enrolment[] | undefined): Html | undefined {
  if (enrolments === undefined) return undefined; // approvers sign in with a provider: enrolled ones don't count
  const list = html`<ul>
    ${enrolments.map(
      ({ name, method, at, removedAt }) =>
        html`<li>
          ${name} (${method === 'totp' ? 'one-time code' : method}),
          ${when(at)}${removedAt !== undefined && html`, removed ${when(removedAt)}`}
        </li>`,
    )}
  </ul>`;
  return html`<section class="enrolments" aria-labelledby="enrolments">
    <h2 id="enrolments">Approvers enrolled in the last seven days</h2>
    ${enrolments.length === 0 ? html`<p>None.</p>` : [html`<p>If you don't know one of them, deny and tell your security team.</p>`, list]}
  </section>`;
}

/** A page with nothing but a message. */
export const message = (title: string, text: Part, again?: Html): string =>
  layout({
    title,
    body: [
      html`<h1>${title}</h1>
        <p class="lead">${text}</p>`,
      again,
    ],
  });

/** A way back from a message. */
export const backTo = (plan: string | undefined): Html =>
  plan === undefined
    ? html`<p><a href="/approvals">All requests</a></p>`
    : html`<p><a href="/approvals/${plan}">Back to the request</a></p>`;

export const hidden = (name: string, value: string): Html => html`<input type="hidden" name="${name}" value="${value}" />`;
