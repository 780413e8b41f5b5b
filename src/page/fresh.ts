/** Whether a person showed who they are for this very act. Pure. */

/**
 * Seconds that the provider's clock may differ from ours. `auth_time` is cut to whole seconds (OpenID Connect Core 1.0 §2), which is one of
 * them; hosts that keep time by NTP differ by far less than the rest. The most that it can give away: a login of the same person that ended
 * this long before the act was begun counts for it.
 */
const SKEW_S = 5;

export type NotFresh = 'missing' | 'stale' | 'ahead';

/** `authTime`: seconds since 1970; `begun`, `now`: milliseconds. Undefined: it is fresh. */
export function whyNotFresh(
  authTime: number | undefined,
  { begun, now }: { readonly begun: number; readonly now: number },
): NotFresh | undefined {
  if (authTime === undefined || !Number.isFinite(authTime)) return 'missing';
  if (authTime < begun / 1000 - SKEW_S) return 'stale';
  // A clock that runs ahead would make every login a fresh one.
  return authTime > now / 1000 + SKEW_S ? 'ahead' : undefined;
}

export const NOT_FRESH: Readonly<Record<NotFresh, string>> = {
  missing:
    'The sign-in provider did not say when you signed in (auth_time), so nobody can tell that it was for this. Whoever runs this server has to set the provider up to send auth_time in ID tokens; docs/approvals.md says how.',
  stale:
    'The sign-in provider let you through without asking you again. This needs a fresh sign-in: sign out there, or ask whoever runs it to honour max_age and prompt=login. If you did sign in just now, the clocks of the two servers differ by more than five seconds.',
  ahead:
    'By the provider’s clock you signed in in the future, so nobody can tell whether it was fresh. The clocks of the two servers differ by more than five seconds.',
};
