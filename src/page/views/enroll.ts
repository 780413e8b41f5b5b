/** Where a new approver's passkey is made; on the page of the command `approver enroll` alone. */
import { html } from '../html.ts';
import type { View } from '../tokens.ts';
import { hidden, layout } from './layout.ts';

export interface EnrollPage {
  readonly action: string;
  readonly name: string;
  /** Random, base64url: the passkey's handle for the person. */
  readonly user: string;
  readonly challenge: string;
  /** Passkeys that are enrolled already. */
  readonly credentials: readonly string[];
  readonly view: View;
  readonly error?: string | undefined;
}

export const enrollPage = ({ action, name, user, challenge, credentials, view, error }: EnrollPage): string =>
  layout({
    title: 'Enrol an approver',
    error,
    script: true,
    back: false,
    body: html`<p class="eyebrow">Started by ory-identity-mcp approver enroll</p>
      <h1>Enrol ${name} as an approver</h1>
      <p class="lead">
        Whoever holds this passkey can approve changes to accounts. Go on only if you started the command yourself, in your own terminal.
      </p>
      <section aria-labelledby="make">
        <h2 id="make">Make a passkey</h2>
        <p>Your browser asks where to keep it. It has to verify you, by a fingerprint, your face or a PIN, each time it is used.</p>
        <form
          method="post"
          action="${action}"
          aria-label="Make a passkey"
          data-passkey="create"
          data-challenge="${challenge}"
          data-credentials="${credentials.join(' ')}"
          data-user="${user}"
          data-name="${name}"
        >
          ${hidden('token', view.token)}${hidden('passkey', '')}
          <p><button type="submit" class="plain">Make the passkey</button></p>
          <p class="said" role="status" data-said></p>
          <noscript><p class="box bad">A passkey needs the script of this page, and scripts are off in this browser.</p></noscript>
        </form>
      </section>`,
  });
