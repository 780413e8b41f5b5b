import { beforeAll, describe, expect, test } from 'vitest';
import { admin, create, emailOf, failure, nobody, open, success } from './kratos.ts';
import { text, type Failure } from './wire.ts';

interface Message {
  readonly id: string;
  readonly status: string;
  readonly type: string;
  readonly recipient: string;
  readonly template_type: string;
  readonly channel: string;
  readonly send_count: number;
}

const list = (query: string) => admin('GET', `/courier/messages?${query}`);

let recipient = '';
beforeAll(async () => {
  recipient = emailOf(await create());
  const flow = success<{ ui: { action: string } }>(await open('GET', '/self-service/recovery/api'), 200);
  const action = new URL(flow.ui.action);
  success(await open('POST', action.pathname + action.search, { body: { method: 'code', email: recipient } }), 200);
});

describe('courier messages', () => {
  test('lists the recovery mail by recipient and status, and reads it alone', async () => {
    const [message, ...rest] = success<Message[]>(await list(`recipient=${encodeURIComponent(recipient)}`), 200);
    expect(rest).toEqual([]);
    expect(message).toMatchObject({ type: 'email', recipient, template_type: 'recovery_code_valid', channel: 'email' });
    const status = success<Message[]>(await list(`recipient=${encodeURIComponent(recipient)}&status=${message?.status}`), 200);
    expect(status).toEqual([message]);
    expect(success<Message>(await admin('GET', `/courier/messages/${message?.id}`), 200)).toMatchObject({ id: message?.id, recipient });
  });

  test('has pages of ten, with a Link and no total', async () => {
    const answer = await list(`recipient=${encodeURIComponent(recipient)}`);
    expect(answer.headers['link']).toMatch(/^<\/admin\/courier\/messages\?page_size=10&page_token=[^&>]+&recipient=[^&>]+>; rel="first"$/);
    expect(answer.headers).not.toHaveProperty('x-total-count');
  });

  test('refuses bad parameters', async () => {
    expect(failure(await list('status=x'), 400).reason).toBe('Message status is not valid');
    const size = await list('page_size=abc');
    // The code in the body says 500 here: only the status of the answer is to be trusted.
    expect(size.status).toBe(400);
    expect(size.as<{ error: Failure }>().error.message).not.toBe('');
    failure(await admin('GET', '/courier/messages/BADUUID'), 400);
    expect(failure(await admin('GET', `/courier/messages/${nobody()}`), 404).message).toBe(text.unknown);
  });
});
