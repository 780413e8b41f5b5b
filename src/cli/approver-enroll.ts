/**
 * `approver enroll`: makes the factor first, so that the approver who lets somebody in signs for this very key. The first one is let in by
 * whoever owns the state folder.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../client/deadline.ts';
import { UsageError } from '../errors.ts';
import { clean, own, say } from '../lib/text.ts';
import type { OpenSite } from '../page/page.ts';
import { PageUnavailable } from '../page/types.ts';
import { newTotp, stepOf } from '../page/totp.ts';
import type { Approver } from '../store/types.ts';
import { waitHoursOf, whyNobodyAgrees, withApproval } from './approver-ask.ts';
import { siteOf } from './approver-page.ts';
import { INTERRUPTED, type Office } from './approver-state.ts';

type Factor = Pick<Approver, 'passkey' | 'totp'> & { readonly usedStep?: number };
/** A factor that was made, or the exit code. */
type Made = Factor | number;

const WAIT_MS = 10 * 60_000;
const NAME_CAP = 60;

/** Answers the exit code. Throws `UsageError` for a name that can't be had. */
export async function enroll(office: Office, { name, totp }: { readonly name: string; readonly totp: boolean }): Promise<number> {
  if (office.signInPage !== undefined) {
    office.terminal.print(NOT_HERE);
    return 1;
  }
  const known = await office.approvers.list();
  const { text, removed, cut } = clean(name, NAME_CAP);
  const called = text.trim();
  if (called === '' || removed > 0 || cut > 0) throw new UsageError(`--name must be 1 to ${NAME_CAP} characters that can be seen.`);
  if (known.some((it) => it.name.toLowerCase() === called.toLowerCase())) {
    throw new UsageError(`An approver called ${called} is enrolled already. Choose another --name, or remove that one first.`);
  }
  // Said before a factor is made that would then be good for nothing.
  const nobody = known.length === 0 ? undefined : await whyNobodyAgrees(office);
  if (nobody !== undefined) {
    office.terminal.print(nobody);
    return 1;
  }
  return totp ? byCode(office, called) : byPasskey(office, called);
}

const NOT_HERE =
  'Not done: approvers sign in with a provider here (--approvals-client-id), and the policy says who is one (approvers: who). Enrolled ones would not count.';

async function byCode(office: Office, name: string): Promise<number> {
  const made = await newCode(office, name);
  return typeof made === 'number' ? made : finish(office, { name, factor: made });
}

const TRIES = 3;
async function newCode({ terminal, now }: Office, name: string): Promise<Made> {
  const { secret, uri } = await newTotp(name);
  const { renderUnicodeCompact } = await import('uqr');
  terminal.print(renderUnicodeCompact(uri));
  terminal.print(`Scan this with an authenticator app, or enter the key by hand: ${secret}`);
  terminal.print(
    'A one-time code is the weaker factor: it can be asked for in a chat. Never type one anywhere but here and on the approvals page.',
  );
  for (let tries = 0; tries < TRIES; tries += 1) {
    const code = await terminal.ask('The code that the app shows now: ');
    if (terminal.signal.aborted) return INTERRUPTED;
    if (code === undefined) break;
    const step = await stepOf(code, secret, now());
    if (step !== undefined) return { totp: { secret }, usedStep: step };
    terminal.print('That is not the code of this key. Is the clock right?');
  }
  terminal.print('Nobody was enrolled.');
  return 1;
}

async function byPasskey(office: Office, name: string): Promise<number> {
  const { terminal } = office;
  const isFirst = (await office.approvers.list()).length === 0;
  let open = true;
  let came: ((factor: Factor) => void) | undefined;
  const factor = new Promise<Factor>((resolve) => {
    came = resolve;
  });
  const secret = randomBytes(16).toString('base64url');
  const site = siteOf(office, {
    secret,
    name,
    user: randomBytes(16).toString('base64url'),
    isOpen: () => open,
    take(passkey) {
      if (!open) throw new UsageError('A passkey was taken already.');
      open = false;
      came?.({ passkey });
      return Promise.resolve(
        isFirst ? `${name} is enrolled when the terminal says so.` : 'Now an approver has to agree: the terminal says where.',
      );
    },
  });
  try {
    terminal.print(`Open ${await site.open()}/approvals/enroll/${secret} in the browser of the person who will approve, on this machine.`);
    terminal.print('The address is good for one passkey and ten minutes; give it to nobody else. Ctrl-C ends it.');
    const made = await inTime(factor, terminal.signal);
    open = false;
    if (made === undefined) {
      terminal.print('Nobody was enrolled.');
      return terminal.signal.aborted ? INTERRUPTED : 1;
    }
    return await finish(office, { name, factor: made, site });
  } catch (error) {
    if (!(error instanceof PageUnavailable)) throw error;
    terminal.print(error.message);
    return 1;
  } finally {
    await site.close();
  }
}

/** Undefined: nobody came within ten minutes, or Ctrl-C. */
async function inTime<T>(coming: Promise<T>, interrupted: AbortSignal): Promise<T | undefined> {
  return within(WAIT_MS, interrupted, (signal) => {
    const ended = new Promise<undefined>((resolve) => {
      if (signal.aborted) resolve(undefined);
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    return Promise.race([coming, ended]);
  });
}

interface Finishing {
  readonly name: string;
  readonly factor: Factor;
  readonly site?: OpenSite;
}

async function finish(office: Office, { name, factor, site }: Finishing): Promise<number> {
  const { approvers, ledger, terminal, principal } = office;
  const { passkey, totp } = factor;
  const method = passkey === undefined ? 'totp' : 'passkey';
  const id = randomBytes(8).toString('hex');
  const enrolled = enrolledNote(office, name);
  const add = async (by: string | undefined) => {
    const enrolledAt = office.now();
    await approvers.add({ id, name, method, enrolledAt, enrolledBy: by, ...(passkey && { passkey }), ...(totp && { totp }) });
    if (factor.usedStep !== undefined) await approvers.useCode(id, factor.usedStep);
  };
  if ((await approvers.list()).length === 0) {
    await ledger.durable({ event: 'enrolled', method, requester: principal, approvers: [], facts: { approver: id, name, first: true } });
    await add(undefined);
    terminal.print(enrolled);
    await sleep(site === undefined ? 0 : terminal.lingerMs / 5, undefined, { signal: terminal.signal }).catch(() => {}); // the page still loads its style
    return 0;
  }
  const errand = {
    command: 'approver enroll',
    title: 'Enrol another approver',
    says: [
      say`Lets ${name} in as an approver, by ${own(method === 'passkey' ? 'a passkey' : 'a one-time code')} that was made just now.`,
      say`Agree only if you know that this person is the one at the terminal.`,
    ],
    subject: { name, id, passkey, totp },
    event: 'enrolled',
    facts: { approver: id, name, method },
    work: add,
    done: enrolled,
  } as const;
  return withApproval(office, errand, site);
}

function enrolledNote({ policy }: Office, name: string): string {
  const [calls, commands] = [policy().approvers.waitHours, waitHoursOf(policy())];
  const wait =
    calls === commands
      ? `For calls that policy wants approved, and for commands like this one, they count in ${calls} hours.`
      : `For calls that policy wants approved they count ${calls === 0 ? 'at once' : `in ${calls} hours`}, for commands like this one in ${commands} hours.`;
  return `${name} is enrolled, at once and without a restart of anything. ${wait}`;
}
