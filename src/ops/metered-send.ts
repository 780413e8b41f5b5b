/** Counts what Kratos answers and how long it takes, each try by itself. */
import type { Send } from '../client/types.ts';
import { InputError } from '../errors.ts';
import type { Meter } from '../lib/meter.ts';

export function meteredSend(send: Send, meter: Meter): Send {
  return async (request) => {
    const began = performance.now();
    const ended = (result: number | 'error') => meter.kratos(request.endpoint, result, performance.now() - began);
    try {
      const reply = await send(request);
      ended(reply.status);
      return reply;
    } catch (error) {
      if (!(error instanceof InputError)) ended('error'); // refused by us before anything was sent
      throw error;
    }
  };
}
