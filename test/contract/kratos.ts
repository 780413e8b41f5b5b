// What the contract cases share: which Kratos is asked, how, the fixtures, and the cleaning up afterwards.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect } from 'vitest';
import { ask, base, type Answer, type Method, type Question } from './ask.ts';
import type { Failure, Identity, NewIdentity, Session } from './wire.ts';

const named = {
  adminUrl: process.env['KRATOS_ADMIN_URL'],
  publicUrl: process.env['KRATOS_PUBLIC_URL'],
  variantUrl: process.env['KRATOS_VARIANT_ADMIN_URL'],
};
const real = named.adminUrl !== undefined;
if (real !== (named.publicUrl !== undefined)) throw new Error('KRATOS_ADMIN_URL and KRATOS_PUBLIC_URL go together: set both or neither.');

/** Why the cases that need a second Kratos, without code and link, cannot run; empty if they can. */
export const noVariant = real && named.variantUrl === undefined ? ' (skipped: KRATOS_VARIANT_ADMIN_URL is not set)' : '';

const target = { adminUrl: named.adminUrl ?? '', publicUrl: named.publicUrl ?? '', variantUrl: named.variantUrl ?? '' };
const closers: (() => Promise<void>)[] = [];
const created = new Set<string>();

beforeAll(async () => {
  if (real) return;
  const { serveSandbox } = await import('../../src/sandbox/serve.ts');
  const main = await serveSandbox({ adminPort: 0, publicPort: 0 });
  closers.push(() => main.close());
  const variant = await serveSandbox({ adminPort: 0, publicPort: 0, recovery: { code: false, link: false }, fasterExtend: true });
  closers.push(() => variant.close());
  Object.assign(target, { adminUrl: main.adminUrl, publicUrl: main.publicUrl, variantUrl: variant.adminUrl });
});

afterAll(async () => {
  try {
    const statuses = [];
    for (const id of created) statuses.push((await admin('DELETE', `/identities/${id}`)).status);
    expect(statuses.filter((status) => status !== 204 && status !== 404)).toEqual([]);
  } finally {
    for (const close of closers) await close();
  }
});

/** Where the Kratos that is asked is; known once the suite has begun. */
export const addresses = (): { readonly adminUrl: string; readonly publicUrl: string } => target;

/** Asks the admin port; `path` comes without `/admin`. Identities that this creates are deleted at the end of the file. */
export async function admin(method: Method, path: string, question: Question = {}): Promise<Answer> {
  const answer = await ask(`${base(target.adminUrl)}/admin${path}`, method, question);
  if (method === 'POST' && path === '/identities' && answer.status === 201) created.add(answer.as<Identity>().id);
  if (method === 'PATCH' && path === '/identities' && answer.status === 200) {
    for (const item of answer.as<{ identities: ({ identity?: string } | null)[] }>().identities) {
      if (item?.identity !== undefined) created.add(item.identity);
    }
  }
  return answer;
}

/** Asks the public port. */
export const open = (method: Method, path: string, question: Question = {}): Promise<Answer> =>
  ask(base(target.publicUrl) + path, method, question);

/** Asks the admin port of the second Kratos, which has code and link turned off. */
export const variant = (method: Method, path: string, question: Question = {}): Promise<Answer> =>
  ask(`${base(target.variantUrl)}/admin${path}`, method, question);

/** Asserts the status, and that the body is an error that repeats it. */
export function failure(answer: Answer, status: number): Failure {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers['content-type']).toBe('application/json');
  const { error } = answer.as<{ error: Failure }>();
  expect(error.code).toBe(status);
  return error;
}

/** Asserts the status of a success and gives its body. */
export function success<Body>(answer: Answer, status: number): Body {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  return answer.as<Body>();
}

/** Text that no other run has used: the suite may meet a Kratos full of identities. */
export const unique = (): string => randomBytes(6).toString('hex');
export const email = (name = 'someone'): string => `${name}.${unique()}@example.com`;
export const nobody = (): string => crypto.randomUUID();
export const password = 'correct-horse-9';

export async function create(body: NewIdentity = {}): Promise<Identity> {
  return success<Identity>(await admin('POST', '/identities', { body: { traits: { email: email() }, ...body } }), 201);
}

export const withPassword = (body: NewIdentity = {}): Promise<Identity> =>
  create({ ...body, credentials: { ...body.credentials, password: { config: { password } } } });

export async function get(id: string, query = ''): Promise<Identity> {
  return success<Identity>(await admin('GET', `/identities/${id}${query}`), 200);
}

export const patch = (id: string, ...operations: readonly { op: string; path: string; value?: unknown }[]): Promise<Answer> =>
  admin('PATCH', `/identities/${id}`, { body: operations });

/** Tries to log in through the public port. */
async function tryLogin(identifier: string, secret = password): Promise<Answer> {
  const flow = success<{ id: string }>(await open('GET', '/self-service/login/api'), 200);
  return open('POST', `/self-service/login?flow=${flow.id}`, {
    body: { method: 'password', identifier, password: secret },
    headers: { 'user-agent': 'contract-suite/1.0' },
  });
}

/** Logs in. A collision in the database can pass for a wrong password or a broken flow here, so it is tried again, from a new flow. */
export async function login(identifier: string): Promise<Session> {
  let answer = await tryLogin(identifier);
  for (let attempt = 1; answer.status !== 200 && attempt < 5; attempt += 1) answer = await tryLogin(identifier);
  return success<{ session: Session }>(answer, 200).session;
}

/** The address of the identities that the fixtures make. */
export const emailOf = (identity: Identity): string => String(identity.traits['email']);
