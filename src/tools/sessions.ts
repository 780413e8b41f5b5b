/** Ending sessions and prolonging them. */
import { z } from 'zod';
import { KratosIdentity, KratosSession, parseBody } from '../client/bodies.ts';
import { own, say, type Own, type Said } from '../lib/text.ts';
import { change, send, type Operation } from '../operation.ts';
import { seed } from '../seed.ts';
import { SessionOut } from '../shape/session.ts';
import { about, describe } from './about.ts';
import { Uuid } from './fields.ts';
import { sessionRecord } from './records.ts';
import { readSession, sessionAndOwner, sessionsOf, sessionsRead } from './sessions-read.ts';

/** Where and when a session began, out of what a result shows of it. Kratos keeps no time of last use. */
function where(session: KratosSession): Own {
  const [device] = session.devices;
  const { devices } = z
    .looseObject({ devices: z.array(z.looseObject({ ip_address: z.string().optional() })).optional() })
    .parse(sessionRecord(session));
  const agent = device?.user_agent ?? 'an unknown device';
  const address = devices?.[0]?.ip_address ?? 'an unknown address';
  return own(say`${agent} at ${address}, signed in ${session.authenticated_at ?? 'at an unknown time'}`);
}

const MOST_LINES = 5;
function whereAll(sessions: readonly KratosSession[]): readonly Said[] {
  const lines = sessions.slice(0, MOST_LINES).map((it) => say`Session: ${where(it)}.`);
  return sessions.length > MOST_LINES ? [...lines, say`And ${sessions.length - MOST_LINES} more.`] : lines;
}
