/** Logins under way: what each is for, whose browser began it, and what the provider's answer is checked by. For five minutes, once. */
import type { Entered } from '../policy/entered.ts';
import type { Checks } from './login-types.ts';
import type { Shelf } from './shelf.ts';
import type { StopName } from './stops.ts';

/** What a login is for. `by`: who had signed in when it was begun; nobody else can end it. */
export type Purposed =
  | { readonly kind: 'sign-in'; readonly plan: string | undefined }
  | { readonly kind: 'approve'; readonly plan: string; readonly by: string; readonly entered: Entered }
  | { readonly kind: 'reveal'; readonly plan: string; readonly by: string }
  | (StopName & { readonly by: string });

export interface Errand extends Checks {
  /** By its cookie. */
  readonly browser: string;
  /** Milliseconds since 1970. */
  readonly begun: number;
  readonly purpose: Purposed;
}

export interface Errands {
  /** False where there is no room. */
  begin(errand: Errand): Promise<boolean>;
  /** Undefined: there is none by this state, it is over, or another browser began it; then nothing was changed. */
  of(state: string, browser: string): Promise<Errand | undefined>;
  /** Once: true for one of those that end it. */
  end(state: string): Promise<boolean>;
}

/** Also the longest time between a person's fresh login and the yes that it is for. */
export const LOGIN_MS = 5 * 60_000;

export const createErrands = (shelf: Shelf): Errands => ({
  begin: (errand) => shelf.put('login', errand.state, { value: JSON.stringify(errand), lifetimeMs: LOGIN_MS }),
  async of(state, browser) {
    const text = await shelf.get('login', state);
    const errand = text === undefined ? undefined : (JSON.parse(text) as Errand); // written above
    return errand?.browser === browser ? errand : undefined;
  },
  end: async (state) => (await shelf.take('login', state)) !== undefined,
});
