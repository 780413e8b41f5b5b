/**
 * Where the provider sends a browser back to. Only the browser that began the login ends it, once; what it was begun for is kept here and
 * is nowhere in the address.
 */
import { cookieFor } from '../address.ts';
import type { Errand, Purposed } from '../errands.ts';
import { NOT_FRESH, whyNotFresh } from '../fresh.ts';
import type { Reply } from '../http.ts';
import type { Login, Person } from '../login-types.ts';
import type { Session } from '../sessions.ts';
import { FRONT, notFound, page, pathOf, seeOther, type Known, type Site } from '../site.ts';
import { backTo, message } from '../views/layout.ts';
import { approveSignedIn } from './decide.ts';
import { liftSignedIn } from './lift.ts';
import { revealSignedIn } from './reveal.ts';

export async function callback(site: Site, visit: Known): Promise<Reply> {
  if (site.login === undefined) return notFound();
  const query = visit.path.split('?')[1] ?? '';
  const states = new URLSearchParams(query).getAll('state');
  const state = states.length === 1 ? (states[0] ?? '') : '';
  const errand = await site.errands.of(state, visit.browser);
  if (errand === undefined || !(await site.errands.end(state))) return lost();
  return ended(site, visit, { login: site.login, query, errand });
}

interface Answered {
  readonly login: Login;
  readonly query: string;
  readonly errand: Errand;
}

async function ended(site: Site, visit: Known, { login, query, errand }: Answered): Promise<Reply> {
  const came = await login.finish(query, errand);
  const { purpose } = errand;
  if (came.kind === 'refused') return not(site, purpose, { outcome: 'no login', because: came.because });
  const { person } = came;
  if (purpose.kind === 'sign-in') return signedIn(site, visit, { person, plan: purpose.plan });
  const stale = whyNotFresh(person.authTime, { begun: errand.begun, now: site.ports.now() });
  if (stale !== undefined) return not(site, purpose, { outcome: `auth_time ${stale}`, because: NOT_FRESH[stale], by: person.id });
  if (person.id !== purpose.by) return not(site, purpose, { outcome: 'another person', because: OTHER, by: person.id });
  const session = sessionOf(person);
  switch (purpose.kind) {
    case 'approve':
      return approveSignedIn(site, visit, { ...purpose, session });
    case 'reveal':
      return revealSignedIn(site, { ...purpose, session });
    case 'unlock':
    case 'thaw':
      return liftSignedIn(site, visit, { kind: purpose.kind, subject: purpose.subject, session });
  }
}

const sessionOf = ({ id, name, claims }: Person): Session => ({ id, name, claims });

async function signedIn(
  site: Site,
  visit: Known,
  { person, plan }: { readonly person: Person; readonly plan: string | undefined },
): Promise<Reply> {
  const { address, ports, sessions } = site;
  ports.ledger.note({ event: 'signed_in', method: 'oidc', approvers: [person.id], decision_source: 'person' });
  const browser = await sessions.open(visit.browser, sessionOf(person));
  return seeOther(plan === undefined ? FRONT : pathOf(plan), { 'Set-Cookie': cookieFor(browser, { address, userAgent: visit.userAgent }) });
}

interface Failure {
  /** For the record. */
  readonly outcome: string;
  readonly because: string;
  readonly by?: string;
}

/** Nothing was done, and what the login was for has to be begun again. */
function not({ ports }: Site, purpose: Purposed, { outcome, because, by }: Failure): Reply {
  const plan = 'plan' in purpose ? purpose.plan : undefined;
  ports.ledger.note({ event: 'failed_sign_in', method: 'oidc', plan_id: plan, outcome, ...(by !== undefined && { approvers: [by] }) });
  return page(403, message('That did not count', `${because} Nothing was decided.`, backTo(plan)));
}

const OTHER = 'You signed in as somebody else than before.';
const lost = (): Reply =>
  page(
    403,
    message(
      'That did not count',
      'This sign-in is over, was used before, or was begun in another browser. Nothing was decided; open the request and begin again.',
      backTo(undefined),
    ),
  );
