/** Which address answers what. Whatever is not in this table is not there. */
import { randomBytes } from 'node:crypto';
import { cookieFor, plain, type Reply, type Routes, type Visit } from './http.ts';
import { enroll, showEnroll } from './routes/enroll.ts';
import { showFront, signIn, signOut, unlock } from './routes/front.ts';
import { decide } from './routes/decide.ts';
import { showPlan } from './routes/plan.ts';
import { reveal } from './routes/reveal.ts';
import type { Known, Route, Site } from './site.ts';
import { notFound } from './site.ts';
import { STYLE } from './style.ts';

interface Row {
  readonly path: RegExp;
  readonly GET?: Route;
  readonly POST?: Route;
}

const style: Route = () =>
  Promise.resolve({
    status: 200,
    body: STYLE,
    headers: { 'Content-Type': 'text/css; charset=utf-8', 'Cross-Origin-Resource-Policy': 'same-origin' },
  });

/** A name of a plan, and a secret of an enrolment: 128 bits, base64url. */
const TABLE: readonly Row[] = [
  { path: /^\/$/, GET: (site, visit) => showFront(site, visit) },
  { path: /^\/style\.css$/, GET: style },
  { path: /^\/sign-in$/, POST: signIn },
  { path: /^\/sign-out$/, POST: signOut },
  { path: /^\/unlock$/, POST: unlock },
  { path: /^\/approvals\/[A-Za-z0-9_-]{22}$/, GET: showPlan, POST: decide },
  { path: /^\/approvals\/[A-Za-z0-9_-]{22}\/reveal$/, POST: reveal },
  { path: /^\/enroll\/[A-Za-z0-9_-]{22}$/, GET: (site, visit) => showEnroll(site, visit), POST: enroll },
];

const newBrowser = (): string => randomBytes(16).toString('base64url');

export const routesOf =
  (site: Site): Routes =>
  async (visit) => {
    const row = TABLE.find(({ path }) => path.test(visit.path));
    if (row === undefined) return notFound();
    const route = row[visit.method];
    if (route === undefined) {
      const allowed = row.GET === undefined ? 'POST' : 'GET, HEAD';
      return { ...plain(405, 'Not that way.'), headers: { 'Content-Type': 'text/plain; charset=utf-8', Allow: allowed } };
    }
    if (visit.browser === undefined && visit.method === 'POST') {
      return plain(
        403,
        'This page needs its cookie, and your browser did not send it. Nothing was decided. Allow cookies for localhost, and open the page again.',
      );
    }
    return answered(site, visit, route);
  };

async function answered(site: Site, visit: Visit, route: Route): Promise<Reply> {
  const browser = visit.browser ?? newBrowser();
  const known: Known = { ...visit, browser, approver: site.sessions.of(browser) };
  const reply = await route(site, known);
  if (visit.browser !== undefined || visit.path === '/style.css') return reply;
  return {
    ...reply,
    headers: { 'Set-Cookie': cookieFor(browser, { authority: site.authority, userAgent: visit.userAgent }), ...reply.headers },
  };
}
