/** How an approver shows that they are there: the fields for it, or a sign-in with the provider, and the form around them. */
import type { Approver } from '../../store/types.ts';
import { html, type Html, type Part } from '../html.ts';
import type { View } from '../tokens.ts';
import { hidden } from './layout.ts';

export type Asked =
  | {
      readonly kind: 'factor';
      /** Who may answer; at least one. */
      readonly approvers: readonly Approver[];
      /** What a passkey signs. */
      readonly challenge: string;
    }
  /** The form leads to the provider, and what it is for is done on the way back. */
  | { readonly kind: 'login' };

export interface FactorForm {
  readonly action: string;
  /** Names the form for screen readers. */
  readonly label: string;
  readonly view: View;
  readonly asked: Asked;
  /** What else is entered or carried. */
  readonly fields?: Part;
  readonly button: string;
  readonly kind: 'approve' | 'plain';
}

/** Whether the page's script is needed. */
export const needsScript = (asked: Asked): boolean => asked.kind === 'factor' && hasPasskey(asked.approvers);
const hasPasskey = (approvers: readonly Approver[]): boolean => approvers.some((it) => it.passkey !== undefined);

export function factorForm({ action, label, view, asked, fields, button, kind }: FactorForm): Html {
  if (asked.kind === 'login') {
    return html`<form method="post" action="${action}" aria-label="${label}" autocomplete="off">
      ${hidden('token', view.token)}${fields}
      <p class="hint">You are sent to the sign-in provider, and show there once more who you are.</p>
      <p><button type="submit" class="${kind}">${button}</button></p>
    </form>`;
  }
  const { approvers, challenge } = asked;
  const passkeys = approvers.flatMap((it) => (it.passkey === undefined ? [] : [it.passkey.id]));
  const inner = html`${hidden('token', view.token)}${fields}${factorFields(approvers, `${label}-otp`.replace(/\W+/g, '-'))}
    <p><button type="submit" class="${kind}">${button}</button></p>`;
  if (passkeys.length === 0) return html`<form method="post" action="${action}" aria-label="${label}" autocomplete="off">${inner}</form>`;
  return html`<form
    method="post"
    action="${action}"
    aria-label="${label}"
    autocomplete="off"
    data-passkey="get"
    data-challenge="${challenge}"
    data-credentials="${passkeys.join(' ')}"
  >
    ${hidden('passkey', '')}${inner}
    <p class="said" role="status" data-said></p>
    <noscript><p class="box bad">A passkey needs the script of this page, and scripts are off in this browser.</p></noscript>
  </form>`;
}

function factorFields(approvers: readonly Approver[], id: string): Html {
  const coded = approvers.filter((it) => it.totp !== undefined);
  const passkeys = hasPasskey(approvers);
  if (coded.length === 0) return html`<p class="hint">Your browser will ask for your passkey.</p>`;
  const field = html`${whose(coded, id)}
    <p>
      <label for="${id}"
        >One-time code<span class="hint"
          >Six digits from your authenticator app. Never read it to anybody, and never type it into a chat.</span
        ></label
      >
      <input id="${id}" name="otp" inputmode="numeric" autocomplete="one-time-code" maxlength="8" ${passkeys ? '' : 'required'} />
    </p>`;
  if (!passkeys) return field;
  return html`<p class="hint">Your browser will ask for your passkey.</p>
    <details>
      <summary>Use a one-time code instead</summary>
      ${field}
    </details>`;
}

function whose(coded: readonly Approver[], id: string): Html {
  const [first] = coded;
  if (first !== undefined && coded.length === 1) return hidden('approver', first.id);
  return html`<p>
    <label for="${id}-who">Whose code</label
    ><select id="${id}-who" name="approver" required>
      <option value="">Choose</option>
      ${coded.map((it) => html`<option value="${it.id}">${it.name}</option>`)}
    </select>
  </p>`;
}
