/** A courier message as results show it: by allow-list, body and subject never (they hold codes and links). Pure. */
import { z } from 'zod';
import type { KratosMessage } from '../client/bodies.ts';
import { isObject, present, textOf } from './present.ts';
import { wholeSeconds } from './time.ts';

export const MessageOut = z.looseObject({
  id: z.string(),
  status: z.string().optional(),
  type: z.string().optional(),
  recipient: z.string().optional(),
  template_type: z.string().optional(),
  channel: z.string().optional(),
  send_count: z.number().optional(),
  created_at: z.string().optional(),
  updated_at: z.string().optional(),
});

export function messageView(message: KratosMessage): Record<string, unknown> {
  const { dispatches } = message;
  return present({
    id: message.id,
    status: message.status,
    type: message.type,
    recipient: message.recipient,
    template_type: message.template_type,
    channel: message.channel,
    send_count: message.send_count,
    created_at: wholeSeconds(message.created_at),
    updated_at: wholeSeconds(message.updated_at),
    dispatches: dispatches.length > 0 ? dispatches.map(dispatchView) : undefined,
  });
}

function dispatchView({ id, status, error, created_at, updated_at }: KratosMessage['dispatches'][number]): Record<string, unknown> {
  return present({
    id,
    status,
    error: errorText(error),
    created_at: wholeSeconds(created_at),
    updated_at: wholeSeconds(updated_at),
  });
}

/** The mail server's words. Some repeat what they refuse, subject and all: what could be a code or a link in it is withheld. */
function errorText(error: unknown): string | undefined {
  const parts = isObject(error) ? [textOf(error['message']), textOf(error['reason'])] : [textOf(error)];
  const text = parts.filter((it) => it !== undefined && it !== '').join(': ');
  return text === '' ? undefined : text.replace(/\w+:\/\/\S+/g, '(link withheld)').replace(/\p{N}{6,}/gu, '(digits withheld)');
}
