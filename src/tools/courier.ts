/** Messages that Kratos sent or tried to. Their bodies and subjects hold codes and links, and never leave. */
import { z } from 'zod';
import { KratosMessage, parseBody } from '../client/bodies.ts';
import { read, type Operation } from '../operation.ts';
import { seed } from '../seed.ts';
import { MessageOut } from '../shape/courier.ts';
import { FilterText, Page, pageOf, PageSize, PageToken, Uuid } from './fields.ts';
import { messageRecord, OneMessageOut } from './records.ts';

export const courier: readonly Operation[] = [
  read({
    name: 'list_courier_messages',
    title: 'List sent messages',
    summary: 'Lists e-mails and text messages of Kratos, newest first, without subject and body; recipient is the exact address.',
    toolset: 'courier',
    reads: ['listCourierMessages'],
    input: z.strictObject({
      status: z.enum(['queued', 'sent', 'processing', 'abandoned']).optional(),
      recipient: FilterText.optional(),
      page_size: PageSize(500),
      page_token: PageToken.optional(),
    }),
    output: z.looseObject({ messages: z.array(MessageOut), page: Page }),
    example: { status: 'abandoned' },
    records: 'messages',
    async run(query, { kratos }) {
      const reply = await kratos('listCourierMessages', {}, { query });
      return { messages: parseBody(z.array(KratosMessage), reply).map((it) => messageRecord(it)), page: pageOf(reply.next) };
    },
  }),
  read({
    name: 'get_courier_message',
    title: 'Read a sent message',
    summary: 'Reads one message with its delivery attempts and their errors, without subject and body.',
    toolset: 'courier',
    reads: ['getCourierMessage'],
    input: z.strictObject({ id: Uuid }),
    output: OneMessageOut,
    example: { id: seed.message },
    run: async ({ id }, { kratos }) => messageRecord(parseBody(KratosMessage, await kratos('getCourierMessage', { id }))),
  }),
];
