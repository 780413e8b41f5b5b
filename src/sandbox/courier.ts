/** Messages that Kratos sent, or tried to (courier/handler.go). Subject and body are redacted, unless `dev`. */
import { badMessage, badRequest, json, unknownRow, type SandboxReply } from './envelope.ts';
import { first } from './go/query.ts';
import { stamp } from './go/time.ts';
import { parseUuid, uuidComplaint } from './go/uuid.ts';
import { messagePage } from './pages.ts';
import type { SandboxRequest } from './request.ts';
import type { Message, World } from './world.ts';

const REDACTED = '<redacted-unless-dev-mode>';
const STATUSES = ['queued', 'sent', 'processing', 'abandoned'];

function print({ settings }: World, message: Message, withDispatches: boolean): Record<string, unknown> {
  const dispatches = message.dispatches.map((it) => ({
    id: it.id,
    message_id: message.id,
    status: it.status,
    error: it.error,
    created_at: stamp(it.created_at),
    updated_at: stamp(it.created_at),
  }));
  return {
    id: message.id,
    status: message.status,
    type: message.type,
    recipient: message.recipient,
    body: settings.dev ? message.body : REDACTED,
    subject: settings.dev ? message.subject : REDACTED,
    template_type: message.template_type,
    channel: message.type,
    send_count: dispatches.length,
    dispatches: withDispatches && dispatches.length > 0 ? dispatches : undefined,
    created_at: stamp(message.created_at),
    updated_at: stamp(message.dispatches.at(-1)?.created_at ?? message.created_at),
  };
}

export function listCourierMessages(world: World, request: SandboxRequest<'listCourierMessages'>): SandboxReply {
  const { query } = request;
  const status = query.has('status') ? first(query, 'status') : undefined;
  if (status !== undefined && !STATUSES.includes(status)) throw badRequest('Message status is not valid');
  const recipient = first(query, 'recipient');
  const found = [...world.messages.values()]
    .filter((it) => (status === undefined || it.status === status) && (recipient === '' || it.recipient === recipient))
    .sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1));
  const page = messagePage(request, found);
  const items = page.items.map((it) => print(world, it, false));
  return json(200, items, page.headers);
}

export function getCourierMessage(world: World, request: SandboxRequest<'getCourierMessage'>): SandboxReply {
  const id = parseUuid(request.params.id);
  if (id === undefined) throw badMessage(uuidComplaint(request.params.id));
  const message = world.messages.get(id);
  if (message === undefined) throw unknownRow();
  return json(200, print(world, message, true));
}

/** The text of a mail that holds a code. The words are those of Kratos' own templates, which the contract suite compares. */
export function mailWith(code: string, template: string): Pick<Message, 'subject' | 'body' | 'template_type'> {
  const end = `${code}\n\nIf this was not you, do nothing. This code expires in 60 minutes.\n`;
  return template.startsWith('recovery')
    ? {
        template_type: template,
        subject: `Use code ${code} to recover access to your account`,
        body: `Recover access to your account by entering the following code:\n\n${end}`,
      }
    : {
        template_type: template,
        subject: `Use code ${code} to verify your account`,
        body: `Verify your account with the following code:\n\n${end}`,
      };
}
