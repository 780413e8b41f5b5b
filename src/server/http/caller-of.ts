/** The way of a caller through the SDK: put into the request's authentication, taken out by the handler. The token itself does not go along. */
import type { AuthInfo } from '@modelcontextprotocol/server';
import type { Caller } from '../../caller.ts';

interface Known {
  readonly caller: Caller;
  readonly gone: AbortSignal | undefined;
  tool: string | undefined;
}
const known = new WeakMap<AuthInfo, Known>();

/** `gone`: aborted where the client goes away before it has its answer, however late. */
export function authInfoOf(caller: Caller, resourceMetadataUrl: string | undefined, gone?: AbortSignal): AuthInfo {
  const auth: AuthInfo = {
    token: '',
    clientId: caller.principal,
    scopes: [...(caller.scopes ?? [])],
    ...(resourceMetadataUrl !== undefined && { resourceMetadataUrl }),
  };
  known.set(auth, { caller, gone, tool: undefined });
  return auth;
}

/** Throws where a request comes without one: it was never authenticated, and nothing may be done for it. */
export function callerOf(auth: AuthInfo | undefined): Caller {
  const found = auth && known.get(auth);
  if (found === undefined) throw new Error('a request without a caller');
  return found.caller;
}

/** Undefined: a client that goes away takes the connection along, and the SDK's own signal says all there is to say. */
export const goneOf = (auth: AuthInfo | undefined): AbortSignal | undefined => auth && known.get(auth)?.gone;

/** The server that is made for this request will be asked for this one tool and nothing else. */
export function forOneTool(auth: AuthInfo, tool: string): void {
  const found = known.get(auth);
  if (found !== undefined) found.tool = tool;
}
export const oneToolOf = (auth: AuthInfo | undefined): string | undefined => auth && known.get(auth)?.tool;
