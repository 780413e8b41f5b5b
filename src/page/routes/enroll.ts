/** Takes a new approver's passkey; there only where the command line waits for one. */
import { timingSafeEqual } from 'node:crypto';
import { challengeOf } from '../../audit/challenge.ts';
import { UsageError } from '../../errors.ts';
import type { Reply } from '../http.ts';
import { registeredBy } from '../passkey.ts';
import { isUnfit, notFound, page, redeem, viewOf, type Enrolling, type Known, type Site } from '../site.ts';
import { enrollPage } from '../views/enroll.ts';
import { message } from '../views/layout.ts';

function openAt({ enrolling }: Site, { path }: Known): Enrolling | undefined {
  if (enrolling === undefined || !enrolling.isOpen()) return undefined;
  const [given, secret] = [Buffer.from(path.split('/')[3] ?? ''), Buffer.from(enrolling.secret)];
  return given.length === secret.length && timingSafeEqual(given, secret) ? enrolling : undefined;
}

/** No plan's digest has a blank in it. */
const subjectOf = ({ user }: Enrolling): string => `enroll ${user}`;

export async function showEnroll(site: Site, visit: Known, said?: { readonly status: number; readonly text: string }): Promise<Reply> {
  const enrolling = openAt(site, visit);
  if (enrolling === undefined) return notFound();
  const { name, user } = enrolling;
  const view = viewOf(site, visit, { purpose: 'enroll', subject: user });
  const credentials = (await site.ports.approvers.list()).flatMap((it) => (it.passkey === undefined ? [] : [it.passkey.id]));
  const challenge = challengeOf(subjectOf(enrolling), view.nonce);
  return page(said?.status ?? 200, enrollPage({ action: visit.path, name, user, challenge, credentials, view, error: said?.text }));
}

const CHALLENGE_MS = 5 * 60_000;

export async function enroll(site: Site, visit: Known): Promise<Reply> {
  const enrolling = openAt(site, visit);
  if (enrolling === undefined) return notFound();
  const token = await redeem(site, visit, { purpose: 'enroll', subject: enrolling.user, deciding: false });
  if (isUnfit(token)) return showEnroll(site, visit, token);
  if (token.ageMs > CHALLENGE_MS)
    return showEnroll(site, visit, { status: 403, text: 'The page stood open for more than five minutes. Please try again.' });
  const expected = { challenge: challengeOf(subjectOf(enrolling), token.nonce), origin: site.address.origin };
  const passkey = await registeredBy(visit.form.get('passkey') ?? '', expected);
  if (passkey === undefined)
    return showEnroll(site, visit, {
      status: 403,
      text: 'That passkey cannot be used here: it has to verify you each time. Nobody was enrolled.',
    });
  try {
    return page(200, message('Passkey taken', await enrolling.take(passkey)));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return page(409, message('Nobody was enrolled', error.message));
  }
}
