/** A client that makes a call, and the person who sits at it. */
import { expect } from 'vitest';
import { setImmediate as turn } from 'node:timers/promises';
import { APPROVER } from '../support/harness.ts';
import type { Asked, Peer } from '../support/peer.ts';
import type { Change } from './calls.ts';
import type { Server } from './server.ts';
import { CLIENTS, type CallStep, type How } from './steps.ts';
import type { World } from './world.ts';

export interface Making {
  readonly world: World;
  readonly index: number;
  readonly server: Server;
  readonly peer: Peer;
  readonly change: Change;
}

interface Wanted {
  readonly index: number;
  readonly client: number;
  readonly change: Change;
}

/** Everything is ready for the call; from now on what the server does is done for it. */
export async function making(world: World, { index, client, change }: Wanted): Promise<Making> {
  const server = await world.server(index);
  const peer = await server.peer(CLIENTS[client] ?? { era: 'legacy' });
  server.begin(change, world.policy);
  return { world, index, server, peer, change };
}

/** Sends one request and waits for its answer; undefined where there is none: the server died, or the client went. */
export async function exchange(it: Making, beside: Readonly<Record<string, unknown>>, leaving?: Leaving): Promise<Asked | undefined> {
  const { server, peer, change } = it;
  const before = server.closed;
  const answered = peer.once(change.tool, change.args, { ...beside, sent: (id) => leaving?.sent(id) });
  const nothing = (when: Promise<void>) => when.then(() => undefined);
  const left = leaving?.left.then(() => server.ended(before));
  const answer = await Promise.race([answered, nothing(server.died), ...(left ? [nothing(left)] : [])]);
  note(answer, it);
  return answer;
}

const SAID_NO = /The person said no|not the phrase that agrees|question was cancelled/;
export const isNo = ({ outcome, text }: Asked): boolean => outcome === 'declined' && SAID_NO.test(text);

function note(answer: Asked | undefined, { world, server, change }: Making): void {
  if (!answer) return;
  world.witness.count(answer.outcome ?? (answer.isError ? 'error' : 'result'));
  if (server.asked?.channel === 'form' && isNo(answer)) world.witness.refused(server.asked.id);
  if (answer.state !== undefined) world.questions.push({ call: change, state: answer.state, phrase: answer.phrase });
}

export const REPLAYED = 'ory-identity-mcp/replayed';

/** What the agent is told about what was sent. */
export function expectTrue({ outcome, text }: Asked, sent: number): void {
  if (sent === 0) return expect(outcome).not.toBe('executed');
  expect(outcome).toMatch(/^(?:executed|unknown|failed)$/);
  expect(text).not.toMatch(/othing was sent/);
}

export const ANSWERS: Readonly<Record<Exclude<How, 'never'>, (phrase: string) => Record<string, unknown>>> = {
  right: (phrase) => ({ action: 'accept', content: { typed: phrase } }),
  wrong: () => ({ action: 'accept', content: { typed: 'yes' } }),
  decline: () => ({ action: 'decline' }),
  cancel: () => ({ action: 'cancel' }),
  garbage: () => ({ action: 'accept', content: { approved: true } }),
};

/** A client that may go before it has its answer. */
export interface Leaving {
  /** Hears the request's id. */
  readonly sent: (id: number) => void;
  /** Resolves when it has gone. */
  readonly left: Promise<void>;
  /** When it went while a write was on its way. */
  readonly wroteAt: () => number | undefined;
}

/** The person reads, thinks, and answers, while other things happen. */
export function seat({ how, thinking, meanwhile, leaves }: CallStep, { world, server, peer }: Making): Leaving {
  let id = 0;
  let wroteAt: number | undefined;
  let goes = () => {};
  const left = new Promise<void>((resolve) => (goes = resolve));
  const leave = async () => {
    peer.notify('notifications/cancelled', { requestId: id });
    goes();
    for (let turns = 0; turns < 3; turns += 1) await turn();
  };
  const think = async () => {
    world.pass(thinking);
    if (meanwhile !== undefined) await world.upset(meanwhile);
  };
  peer.person = async ({ phrase }) => {
    const asked = server.asked?.id ?? '';
    await think();
    if (how === 'right') world.witness.typed(asked);
    if (how !== 'never') return ANSWERS[how](phrase);
    await leave();
    return undefined;
  };
  peer.onLink = async () => {
    const asked = server.asked?.id ?? '';
    server.shown();
    await think();
    if (how === 'right') await world.answer(asked, { by: APPROVER.id, method: 'passkey' });
    return { action: 'accept' };
  };
  server.atWrite = leaves
    ? async () => {
        server.atWrite = undefined;
        wroteAt = world.now();
        await leave();
      }
    : undefined;
  return { sent: (its) => (id = its), left, wroteAt: () => wroteAt };
}
