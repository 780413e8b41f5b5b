/** Which address answers what. Whatever is not in this table is not there. */
import { randomBytes } from 'node:crypto';
import { cookieFor } from './address.ts';
import { plain, type Reply, type Routes, type Visit } from './http.ts';
import { callback } from './routes/callback.ts';
import { enroll, showEnroll } from './routes/enroll.ts';
import { decide } from './routes/decide.ts';
import { showFront, signIn, signOut } from './routes/front.ts';
import { thaw, unlock } from './routes/lift.ts';
import { showPlan } from './routes/plan.ts';
import { reveal } from './routes/reveal.ts';
import type { Known, Route, Site } from './site.ts';
import { FRONT, notFound, page, seeOther } from './site.ts';
import { STYLE } from './style.ts';
import { again } from './views/login.ts';

interface Row {
  readonly path: RegExp;
  readonly GET?: Route;
  readonly POST?: Route;
  /** Neither names a browser nor asks who it is. */
  readonly isAsset?: true;
}

const style: Route = () =>
  Promise.resolve({
    status: 200,
    body: STYLE,
    headers: { 'Content-Type': 'text/css; charset=utf-8', 'Cross-Origin-Resource-Policy': 'same-origin' },
  });

/** On a port of its own the page is all there is. */
const below: Route = ({ isMounted }) => Promise.resolve(isMounted ? notFound() : seeOther(FRONT));

/** A name of a plan, and a secret of an enrolment: 128 bits, base64url. */
const TABLE: readonly Row[] = [
  { path: /^\/$/, GET: below, isAsset: true },
  { path: /^\/approvals$/, GET: (site, visit) => showFront(site, visit) },
  { path: /^\/approvals\/style\.css$/, GET: style, isAsset: true },
  { path: /^\/approvals\/sign-in$/, POST: signIn },
  { path: /^\/approvals\/sign-out$/, POST: signOut },
  { path: /^\/approvals\/unlock$/, POST: unlock },
  { path: /^\/approvals\/thaw$/, POST: thaw },
  // The one address with a query, and with an effect of a GET: what it does was sent as a form before, and it takes this browser's cookie.
  { path: /^\/approvals\/callback\?[\x21\x23-\x7e]{1,4000}$/, GET: callback },
  { path: /^\/approvals\/[A-Za-z0-9_-]{22}$/, GET: showPlan, POST: decide },
  { path: /^\/approvals\/[A-Za-z0-9_-]{22}\/reveal$/, POST: reveal },
  { path: /^\/approvals\/enroll\/[A-Za-z0-9_-]{22}$/, GET: (site, visit) => showEnroll(site, visit), POST: enroll },
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
        `This page needs its cookie, and your browser did not send it. Nothing was decided. Allow cookies for ${site.address.host}, and open the page again.`,
      );
    }
    if (row.isAsset === true) return route(site, { ...visit, browser: '', session: undefined });
    return answered(site, visit, route);
  };

/**
 * On the way from another site (from the provider, or by a link in a chat on the web) a browser leaves out a cookie that is
 * `SameSite=Strict`. Asked for once more by a page of ours, the same address comes with it; without that, the browser would be given a new
 * name here and its sign-in would be lost. So no cookie has to be weaker than that.
 */
const isFromElsewhere = ({ browser, from, method }: Visit): boolean => browser === undefined && from === 'cross-site' && method === 'GET';

async function answered(site: Site, visit: Visit, route: Route): Promise<Reply> {
  if (isFromElsewhere(visit)) return page(200, again(visit.path), { Refresh: `0; url=${visit.path}` });
  const browser = visit.browser ?? newBrowser();
  const known: Known = { ...visit, browser, session: visit.browser === undefined ? undefined : await site.sessions.of(browser) };
  const reply = await route(site, known);
  if (visit.browser !== undefined) return reply;
  const cookie = cookieFor(browser, { address: site.address, userAgent: visit.userAgent });
  return { ...reply, headers: { 'Set-Cookie': cookie, ...reply.headers } };
}
