/**
 * The page's only script: it speaks to the passkey and puts its answer into the form. It sends nothing by itself and reads nothing but the
 * form's own attributes. Allowed by its hash.
 */
import { createHash } from 'node:crypto';
import { Html } from './html.ts';

const SOURCE = `'use strict';
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (it) => it.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');
const known = (list) => list.split(' ').filter(Boolean).map((id) => ({ type: 'public-key', id: bytes(id) }));
const answerTo = async ({ passkey, challenge, credentials, user, name }) => {
  const common = { challenge: bytes(challenge), timeout: 120000 };
  if (passkey === 'get')
    return navigator.credentials.get({ publicKey: { ...common, rpId: 'localhost', userVerification: 'required', allowCredentials: known(credentials) } });
  return navigator.credentials.create({ publicKey: { ...common,
    rp: { id: 'localhost', name: 'ory-identity-mcp approvals' }, user: { id: bytes(user), name, displayName: name },
    pubKeyCredParams: [{ type: 'public-key', alg: -7 }, { type: 'public-key', alg: -257 }], attestation: 'none',
    authenticatorSelection: { userVerification: 'required', residentKey: 'preferred' }, excludeCredentials: known(credentials) } });
};
const spelled = ({ id, type, response }) => {
  const parts = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ['authenticatorData', 'signature', 'userHandle', 'attestationObject']) if (response[part]) parts[part] = text(response[part]);
  if (response.getTransports) parts.transports = response.getTransports();
  return JSON.stringify({ id, rawId: id, type, response: parts, clientExtensionResults: {} });
};
for (const form of document.querySelectorAll('form[data-passkey]')) {
  const said = form.querySelector('[data-said]');
  const button = form.querySelector('button');
  form.addEventListener('submit', async (event) => {
    const code = form.elements.namedItem('otp');
    if (code && code.value !== '') return;
    event.preventDefault();
    button.disabled = true;
    said.textContent = 'Waiting for your passkey\\u2026';
    try {
      form.elements.namedItem('passkey').value = spelled(await answerTo(form.dataset));
      form.submit();
    } catch (error) {
      button.disabled = false;
      said.textContent = error && error.name === 'InvalidStateError' ? 'This device holds an enrolled passkey already. Use another one.' : 'The passkey did not answer (' + (error && error.name) + '). Nothing was decided; you can try again.';
    }
  });
}`;

export const passkeyScript = new Html(`<script>${SOURCE}</script>`);
export const PASSKEY_SCRIPT_HASH = `sha256-${createHash('sha256').update(SOURCE).digest('base64')}`;
