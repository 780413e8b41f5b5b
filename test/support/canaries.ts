/** Puts a unique canary into every secret that Kratos could send, and remembers which of them went over the wire. */
import type { Send } from '../../src/client/types.ts';

type Json = Record<string, unknown>;

export class Canaries {
  readonly #made = new Map<string, string>();
  readonly #received = new Set<string>();

  /** The canary for a secret with this name; the same each time. */
  of(name: string): string {
    const known = this.#made.get(name);
    if (known) return known;
    const canary = `CANARY${(this.#made.size + 1).toString().padStart(3, '0')}x${name.replace(/\W/g, '').toLowerCase()}`;
    this.#made.set(name, canary);
    return canary;
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
    const folded = text.toLowerCase();
    return [...this.#made].filter(([, canary]) => encodings(canary).some((it) => folded.includes(it.toLowerCase()))).map(([name]) => name);
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
        ...(asked.includes(type) && { config }),
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

const encodings = (canary: string): readonly string[] => [
  canary,
  Buffer.from(canary).toString('base64').replace(/=+$/, ''),
  Buffer.from(canary).toString('hex'),
  canary.split('').toReversed().join(''),
  canary
    .split('')
    .map((it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join(''),
];
