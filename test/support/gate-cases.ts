/** One way to call each change for each effect that it lists: what must be asked about, and exactly what a yes sends. */
import type { Send } from '../../src/client/types.ts';
import { seed } from '../../src/seed.ts';

type Json = Record<string, unknown>;
export interface GateCase {
  /** Arguments, made from what the sandbox holds. */
  readonly args: (here: Here) => Promise<Json> | Json;
  /** Other arguments that would pass the schema and do something else. */
  readonly other: (args: Json) => Json;
  /** What goes out on a yes. */
  readonly sends: (args: Json) => { readonly method: string; readonly path: string; readonly body?: unknown };
  /** What somebody else does between the question and the yes; a text says why there is nothing to do. */
  readonly disturb: ((here: Here) => Promise<unknown>) | string;
}
export interface Here {
  readonly get: (path: string) => Promise<Json>;
  readonly write: (method: string, path: string, body?: unknown) => Promise<unknown>;
}

export function here(send: Send): Here {
  const text = async (method: string, path: string, body?: unknown) => {
    const request = {
      endpoint: 'getIdentity',
      port: 'admin',
      method,
      path,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    } as const;
    const reply = await send(request);
    if (reply.status >= 400) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.text;
  };
  return { get: async (path) => JSON.parse(await text('GET', path)) as Json, write: text };
}

/** The account is somebody else's now: what it signs in with is watched by every operation. */
const moved =
  (id: string): GateCase['disturb'] =>
  ({ write }) =>
    write('PATCH', `/admin/identities/${id}`, [{ op: 'replace', path: '/traits/email', value: 'moved@example.com' }]);

/** What a PUT must send so that nothing is cleared. */
async function whole({ get }: Here, id: string): Promise<Json> {
  const it = await get(`/admin/identities/${id}`);
  const kept = ['schema_id', 'state', 'traits', 'metadata_public', 'metadata_admin', 'external_id'].filter(
    (key) => it[key] !== null && it[key] !== undefined,
  );
  return { id, ...Object.fromEntries(kept.map((key) => [key, it[key]])) };
}
const renamed = (traits: unknown) => ({ ...(traits as Json), name: { first: 'Somebody', last: 'Else' } });
const put = ({ id, ...body }: Json) => ({ method: 'PUT', path: `/admin/identities/${String(id)}`, body });
const patch = ({ id, json_patch }: Json) => ({ method: 'PATCH', path: `/admin/identities/${String(id)}`, body: json_patch });
const elsewhere = (args: Json): Json => ({ ...args, id: seed.grace });

const create = (args: Json): GateCase => ({
  args: () => args,
  other: (it) => ({ ...it, traits: { email: 'other@example.com' } }),
  sends: (body) => ({ method: 'POST', path: '/admin/identities', body }),
  disturb: 'a create has no target yet',
});
const update = (change: (args: Json) => Json): GateCase => ({
  args: async (it) => change(await whole(it, seed.ada)),
  other: (args) => ({ ...args, traits: renamed({ email: 'other@example.com' }) }),
  sends: put,
  disturb: moved(seed.ada),
});
const patching = (...json_patch: Json[]): GateCase => ({
  args: () => ({ id: seed.ada, json_patch }),
  other: elsewhere,
  sends: patch,
  disturb: moved(seed.ada),
});
const batch = (...identities: Json[]): GateCase => ({
  args: () => ({ identities: identities.map((it) => ({ create: it })) }),
  other: (args) => ({ identities: [...(args['identities'] as Json[]), { create: { traits: { email: 'one-more@example.com' } } }] }),
  sends: (body) => ({ method: 'PATCH', path: '/admin/identities', body }),
  disturb: 'a batch has no targets yet',
});
const recovery = (path: string): GateCase => ({
  args: () => ({ identity_id: seed.ada, expires_in: '10m' }),
  other: (args) => ({ ...args, identity_id: seed.grace }),
  sends: (body) => ({ method: 'POST', path, body }),
  // Another address would make it one half of a takeover, which a form cannot answer at all.
  disturb: ({ write }) => write('PATCH', `/admin/identities/${seed.ada}`, [{ op: 'replace', path: '/state', value: 'inactive' }]),
});
const session = (sends: GateCase['sends']): GateCase => ({
  args: () => ({ id: seed.adaLaptop }),
  other: () => ({ id: seed.graceLaptop }),
  sends,
  disturb: moved(seed.ada),
});

const password = { password: { config: { password: 'correct-horse-9' } } };

/** Per operation and listed effect. An effect without a case fails the suite. */
export const gateCases: Readonly<Record<string, Readonly<Record<string, GateCase>>>> = {
  create_identity: {
    write: create({ traits: { email: 'new@example.com' } }),
    privilege: create({ traits: { email: 'new@example.com' }, metadata_public: { role: 'admin' } }),
    takeover: create({ traits: { email: 'new@example.com' }, credentials: password }),
  },
  update_identity: {
    write: update((args) => ({ ...args, traits: renamed(args['traits']) })),
    privilege: update((args) => ({ ...args, metadata_public: { ...(args['metadata_public'] as Json | undefined), role: 'admin' } })),
    takeover: update((args) => ({ ...args, traits: { ...(args['traits'] as Json), email: 'thief@example.com' } })),
    destructive: update((args) => ({ ...args, state: 'inactive' })),
  },
  patch_identity: {
    write: patching({ op: 'replace', path: '/traits/name/first', value: 'Somebody' }),
    privilege: patching({ op: 'add', path: '/metadata_admin/role', value: 'admin' }),
    takeover: patching({ op: 'replace', path: '/traits/email', value: 'thief@example.com' }),
    destructive: patching({ op: 'replace', path: '/state', value: 'inactive' }),
  },
  delete_identity: {
    destructive: {
      args: () => ({ id: seed.ada }),
      other: elsewhere,
      sends: ({ id }) => ({ method: 'DELETE', path: `/admin/identities/${String(id)}` }),
      disturb: moved(seed.ada),
    },
  },
  delete_identity_credentials: {
    takeover: {
      args: () => ({ id: seed.grace, type: 'totp' }),
      other: (args) => ({ ...args, type: 'lookup_secret' }),
      sends: ({ id, type }) => ({ method: 'DELETE', path: `/admin/identities/${String(id)}/credentials/${String(type)}` }),
      disturb: moved(seed.grace),
    },
  },
  delete_identity_sessions: {
    destructive: {
      args: () => ({ id: seed.ada }),
      other: elsewhere,
      sends: ({ id }) => ({ method: 'DELETE', path: `/admin/identities/${String(id)}/sessions` }),
      disturb: moved(seed.ada),
    },
  },
  // Of an account that is inactive already: one step is left of two.
  lock_identity: {
    destructive: {
      args: () => ({ id: seed.inactive }),
      other: elsewhere,
      sends: ({ id }) => ({ method: 'DELETE', path: `/admin/identities/${String(id)}/sessions` }),
      disturb: moved(seed.inactive),
    },
  },
  disable_session: { destructive: session(({ id }) => ({ method: 'DELETE', path: `/admin/sessions/${String(id)}` })) },
  extend_session: { takeover: session(({ id }) => ({ method: 'PATCH', path: `/admin/sessions/${String(id)}/extend` })) },
  create_recovery_code_for_identity: { takeover: recovery('/admin/recovery/code') },
  create_recovery_link_for_identity: { takeover: recovery('/admin/recovery/link') },
  batch_patch_identities: {
    mass: batch({ traits: { email: 'b1@example.com' } }, { traits: { email: 'b2@example.com' } }),
    write: batch({ traits: { email: 'b1@example.com' } }),
    privilege: batch({ traits: { email: 'b1@example.com' }, metadata_admin: { role: 'admin' } }),
    takeover: batch({ traits: { email: 'b1@example.com' }, credentials: password }),
  },
};
