/** Who a request comes from, and how often an address may try. */
import { localCaller, type Caller } from '../../caller.ts';
import { Failures } from './failures.ts';
import { refusal, type Refusal } from './refusal.ts';
import { isChallenge, type HttpPorts } from './types.ts';

/** Nobody has said who they are; people are shown where it came from. */
const LOCAL: Caller = { ...localCaller('local'), name: 'a program on this machine' };

export class Authentication {
  readonly #authenticate: HttpPorts['authenticate'];
  readonly #failures: Failures;

  constructor({ authenticate, failuresPerMinute, now }: Pick<HttpPorts, 'authenticate' | 'failuresPerMinute' | 'now'>) {
    this.#authenticate = authenticate;
    this.#failures = new Failures(failuresPerMinute, now);
  }

  async of(authorization: readonly string[], address: string): Promise<Caller | Refusal> {
    if (this.#authenticate === undefined) return LOCAL;
    const wait = this.#failures.wait(address, authorization);
    if (wait !== undefined) {
      const message = 'Too many tokens from your address were refused. Wait, then come with a valid one';
      return refusal(429, 'failures', { message, headers: { 'Retry-After': String(wait) } });
    }
    const caller = await this.#authenticate(authorization);
    if (!isChallenge(caller)) {
      this.#failures.passed(authorization);
      return caller;
    }
    // To come without a token is how a client learns where to get one.
    if (caller.status === 401 && authorization.length > 0) this.#failures.failed(address, authorization);
    const headers = caller.wwwAuthenticate === undefined ? { 'Retry-After': '5' } : { 'WWW-Authenticate': caller.wwwAuthenticate };
    return { status: caller.status, check: undefined, message: caller.message, headers };
  }
}
