/**
 * Puts a unique canary into every secret that Kratos could send, and remembers which of them went over the wire; and finds them again,
 * however they are spelt.
 */
import type { Send } from '../../src/client/types.ts';

type Json = Record<string, unknown>;

export class Canaries {
  readonly #made = new Map<string, string>();
  readonly #received = new Set<string>();
  readonly #unasked: boolean;

  /** `unasked`: a Kratos that sends credentials with every identity, whether they were asked for or not. */
  constructor({ unasked = false }: { readonly unasked?: boolean } = {}) {
    this.#unasked = unasked;
  }

  /** The canary for a secret with this name; the same each time. */
  of(name: string): string {
    const known = this.#made.get(name);
    if (known) return known;
    const canary = `CANARY${(this.#made.size + 1).toString().padStart(3, '0')}x${name.replace(/\W/g, '').toLowerCase()}`;
    this.#made.set(name, canary);
    return canary;
  }

  /** A secret that comes by another way than Kratos' answers, to be looked for as well. */
  add(name: string, secret: string = this.of(name)): string {
    this.#made.set(name, secret);
    this.#received.add(secret);
    return secret;
  }

  names(): string[] {
    return [...this.#made.keys()];
  }

  /** Those that were in no answer of Kratos yet: the test would prove nothing about them. */
  unseen(): string[] {
    return [...this.#made].filter(([, canary]) => !this.#received.has(canary)).map(([name]) => name);
  }

  /** The names of all canaries that a text holds, plain or in a common encoding. */
  foundIn(text: string): string[] {
    return namesFoundIn(text, this.#made);
  }

  /** Between the server and its Kratos: answers gain canaries wherever the API could hold a secret. */
  through(send: Send): Send {
    return async (request) => {
      const reply = await send(request);
      if (reply.text === '') return reply;
      const asked = new URLSearchParams(request.path.split('?')[1] ?? '').getAll('include_credential');
      const text = JSON.stringify(this.#planted(JSON.parse(reply.text), asked));
      for (const canary of this.#made.values()) if (text.includes(canary)) this.#received.add(canary);
      return { ...reply, text };
    };
  }

  #planted(value: unknown, asked: readonly string[]): unknown {
    if (Array.isArray(value)) return value.map((it) => this.#planted(it, asked));
    if (typeof value !== 'object' || value === null) return value;
    const object = Object.fromEntries(Object.entries(value).map(([key, it]) => [key, this.#planted(it, asked)]));
    if ('schema_id' in object && 'traits' in object)
      return { ...object, credentials: this.#credentials(asked), future_secret: this.of('future field of an identity') };
    if ('authenticated_at' in object)
      return {
        ...object,
        token: this.of('session token'),
        session_token: this.of('session_token'),
        tokenized: this.of('tokenized session'),
        logout_token: this.of('logout token'),
      };
    if ('recovery_link' in object)
      return {
        ...object,
        ...('recovery_code' in object && { recovery_code: this.of('recovery code') }),
        recovery_link: `http://127.0.0.1:4455/recovery?flow=${this.of('recovery flow')}&token=${this.of('recovery token')}`,
      };
    if ('template_type' in object)
      return { ...object, body: `Your code is ${this.of('courier body')}`, subject: this.of('courier subject') };
    return object;
  }

  #credentials(asked: readonly string[]): Json {
    const types: Record<string, Json> = {
      password: { hashed_password: this.of('password hash') },
      oidc: {
        providers: [
          {
            provider: 'google',
            subject: 'sub-1',
            initial_id_token: this.of('id token'),
            initial_access_token: this.of('access token'),
            initial_refresh_token: this.of('refresh token'),
          },
        ],
      },
      saml: { providers: [{ provider: 'corp', subject: 'sub-2', assertion: this.of('saml assertion') }] },
      totp: { totp_url: `otpauth://totp/x?secret=${this.of('totp seed')}` },
      lookup_secret: {
        recovery_codes: [{ code: this.of('lookup code') }, { code: this.of('used lookup code'), used_at: '2026-01-01T00:00:00Z' }],
      },
      webauthn: {
        credentials: [
          {
            id: this.of('webauthn id'),
            public_key: this.of('webauthn key'),
            display_name: 'key',
            added_at: '2026-01-01T00:00:00Z',
            is_passwordless: true,
          },
        ],
        user_handle: this.of('webauthn handle'),
      },
      passkey: {
        credentials: [{ id: this.of('passkey id'), public_key: this.of('passkey key'), display_name: 'phone' }],
        user_handle: this.of('passkey handle'),
      },
      code: { addresses: [{ channel: 'email', address: this.of('code address config') }] },
    };
    const known = Object.entries(types).map(([type, config]) => [
      type,
      {
        type,
        identifiers: ['someone@example.com'],
        version: 0,
        created_at: '2026-01-01T00:00:00Z',
        ...((this.#unasked || asked.includes(type)) && { config }),
      },
    ]);
    const future = {
      type: 'future',
      identifiers: ['x'],
      config: { secret: this.of('credential of an unknown type') },
      secret: this.of('unknown member of a credential'),
    };
    return { ...Object.fromEntries(known), future };
  }
}

/** Which of these secrets (name → text) a text holds. */
export function namesFoundIn(text: string, secrets: Iterable<readonly [string, string]>): string[] {
  const folded = text.replace(ZERO_WIDTH, '').toLowerCase();
  return [...secrets].filter(([, secret]) => encodings(secret).some((it) => folded.includes(it))).map(([name]) => name);
}

/** What splits a word for a search and not for a reader. */
const ZERO_WIDTH = /[\u200B-\u200F\u2060-\u2064\uFEFF\u00AD]|\\u(?:200[b-f]|206[0-4]|feff|00ad)/gi;

/** Raw, URL, JSON and HTML, UTF-16 escapes, hexadecimal, reversed, base64 in both alphabets wherever it begins; in lower case. */
export function encodings(secret: string): readonly string[] {
  const known = spelled.get(secret);
  if (known) return known;
  const units = secret.split('');
  const hexOf = (unit: string) => unit.charCodeAt(0).toString(16).padStart(4, '0');
  const json = JSON.stringify(secret).slice(1, -1);
  const all = [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('hex').replace(/../g, '%$&'),
    json,
    JSON.stringify(json).slice(1, -1),
    secret.replace(/[&<>"'`]/g, (it) => HTML[it] ?? it),
    units.map((it) => `\\u${hexOf(it)}`).join(''),
    Buffer.from(secret).toString('hex'),
    units.toReversed().join(''),
    ...[0, 1, 2].flatMap((before) => [base64At(secret, before, 'base64'), base64At(secret, before, 'base64url')]),
  ].map((it) => it.toLowerCase());
  const distinct = [...new Set(all)];
  spelled.set(secret, distinct);
  return distinct;
}
const spelled = new Map<string, readonly string[]>();
const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };

/** The part of it that does not depend on what stands around. */
function base64At(secret: string, before: number, alphabet: 'base64' | 'base64url'): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
  return bytes.toString(alphabet).slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
}
