/**
 * The built-in Kratos: the same HTTP API, in memory. docs/sandbox.md says where it differs.
 *
 * A request comes in here or by serve.ts; router.ts finds its route, and routes.ts names the handler of each: the file it comes from holds
 * all of its behaviour but for the pages of a list (pages.ts), what credentials and addresses a write brings along (imports.ts) and what
 * follows from its traits (settle.ts, validate.ts, extensions.ts). What Go and its libraries do is in go/, who is in it in seed/.
 */
import type { Send, WireReply, WireRequest } from '../client/types.ts';
import { Unsent } from '../errors.ts';
import { answer } from './router.ts';
import { PLAIN_SCHEMAS, SEED_SCHEMAS } from './schemas.ts';
import { seedWorld } from './seed/fill.ts';
import { World } from './world.ts';

export interface SandboxOptions {
  /** Nobody in it, the two schemas of the contract suite, and the text of courier messages shown, as its Kratos has it. */
  readonly empty?: boolean;
  /** Which of the administrator's recovery endpoints are on; both are. */
  readonly recovery?: { readonly code: boolean; readonly link: boolean };
  /** Answers 204 to an extended session, as `feature_flags.faster_session_extend` and Ory Network do. */
  readonly fasterExtend?: boolean;
  readonly now?: () => Date;
  /** The base URLs that answers name. */
  readonly publicUrl?: string;
  readonly adminUrl?: string;
}

export interface Sandbox {
  /** Answers without a socket, like the server would. Throws `Unsent` where the signal was aborted before. */
  readonly send: Send;
  readonly world: World;
}

export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const { empty = false, recovery = { code: true, link: true }, fasterExtend = false, now = () => new Date() } = options;
  const settings = {
    dev: empty,
    recovery,
    fasterExtend,
    publicUrl: withoutSlash(options.publicUrl ?? 'http://127.0.0.1:4433'),
    adminUrl: withoutSlash(options.adminUrl ?? 'http://127.0.0.1:4434'),
  };
  const world = new World(empty ? PLAIN_SCHEMAS : SEED_SCHEMAS, settings, now);
  if (!empty) seedWorld(world);
  return { world, send: (request) => send(world, request) };
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

async function send(world: World, { port, method, path, body, signal }: WireRequest): Promise<WireReply> {
  if (signal?.aborted === true) throw new Unsent('The call was given up before anything was sent.', { cause: signal.reason });
  return answer(world, {
    port,
    method,
    target: path,
    body: body ?? '',
    contentType: body === undefined ? '' : 'application/json',
  });
}
