/** What one port answers to the other port's routes (x/redir; schema/handler.go:72, session/handler.go:81). */
import { Refusal, type SandboxReply } from './envelope.ts';
import type { Exchange, Route } from './exchange.ts';
import type { World } from './world.ts';
import { moved } from './moved.ts';

const toPublic = (world: World, { incoming, path, search }: Exchange): SandboxReply =>
  moved(world.settings.publicUrl + path.replace(/^\/admin/, '') + search, incoming.method);
const toAdmin = (world: World, { incoming, search }: Exchange): SandboxReply => {
  const path = incoming.target.slice(0, incoming.target.length - search.length);
  return moved(world.settings.adminUrl + (path.startsWith('/admin/') ? path : `/admin${path}`) + search, incoming.method);
};

/** What the public port answers to a POST, PUT, PATCH or DELETE that it doesn't know. */
export const csrf = (): Refusal =>
  new Refusal({
    id: 'security_csrf_violation',
    code: 403,
    status: 'Forbidden',
    reason:
      'Please retry the flow and optionally clear your cookies. The request was rejected to protect you from Cross-Site-Request-Forgery (CSRF) which could cause account takeover, leaking personal information, and other serious security issues.',
    details: {
      docs: 'https://www.ory.sh/kratos/docs/debug/csrf',
      hint: "We detected a regular browser or server-side call. To debug browser calls check your Browser's Network Tab to see what cookies are included or excluded. If you are calling from a server ensure that the appropriate cookies are being forwarded and that the SDK method is called correctly.",
      reject_reason: 'The HTTP Cookie Header is empty or not set.',
    },
    message: 'the request was rejected to protect you from Cross-Site-Request-Forgery',
  });

const route =
  (port: 'admin' | 'public', answer: Route['answer']) =>
  (line: string): Route => {
    const [method = '', pattern = ''] = line.split(' ');
    return { port, method, pattern, exempt: true, answer };
  };

export const redirects: readonly Route[] = [
  ...['GET /admin/schemas', 'GET /admin/schemas/{id}', 'GET /admin/sessions/whoami', 'DELETE /admin/sessions'].map(
    route('admin', toPublic),
  ),
  ...[
    'GET /identities',
    'POST /identities',
    'GET /identities/{id}',
    'PUT /identities/{id}',
    'PATCH /identities/{id}',
    'DELETE /identities/{id}',
    'DELETE /identities/{id}/credentials/{type}',
    'GET /identities/by/external/{external_id}',
  ]
    .flatMap((line) => [line, line.replace(' ', ' /admin')])
    .map(route('public', toAdmin)),
  ...['GET /admin/courier/messages', 'GET /admin/courier/messages/{id}', 'POST /recovery/code', 'POST /recovery/link'].map(
    route('public', toAdmin),
  ),
];
