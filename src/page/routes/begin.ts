/** Sends a browser to the provider. By a page and not by a redirect: `form-action` of our own policy also holds for where a form is sent on to. */
import type { Reply } from '../http.ts';
import type { Purposed } from '../errands.ts';
import { LoginUnavailable, type Begun, type Login } from '../login-types.ts';
import { page, type Known, type Site } from '../site.ts';
import { message } from '../views/layout.ts';
import { leaving } from '../views/login.ts';

/** `login`: the site's; whoever asks has seen that there is one. */
export async function beginLogin(
  site: Site,
  { browser }: Known,
  { login, purpose }: { readonly login: Login; readonly purpose: Purposed },
): Promise<Reply> {
  const begun = await addressFrom(login, purpose);
  if (begun === undefined) return page(503, message('No sign-in at the moment', AWAY));
  const { address, ...checks } = begun;
  const isKept = await site.errands.begin({ ...checks, browser, begun: site.ports.now(), purpose });
  if (!isKept) return page(503, message('No sign-in at the moment', FULL));
  return page(200, leaving(address), { Refresh: `0; url=${address}` });
}

async function addressFrom(login: Login, { kind }: Purposed): Promise<Begun | undefined> {
  try {
    return await login.begin({ fresh: kind !== 'sign-in' });
  } catch (error) {
    if (error instanceof LoginUnavailable) return undefined;
    throw error;
  }
}

const AWAY =
  'The sign-in provider does not answer. Nothing was decided. A request can be denied without signing in; to approve it, try again in a while, or tell whoever runs this server.';
const FULL = 'Too many sign-ins were begun within the last half hour. Nothing was decided; please wait a while.';
