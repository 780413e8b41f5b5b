/** What can be read without a tool call: the identity schemas, and the policy in force. */
import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceTemplate,
  type AuthInfo,
  type McpServer,
  type ScopeChallengeHandler,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Caller } from '../caller.ts';
import type { ReadName } from '../client/endpoints.ts';
import type { Kratos } from '../client/types.ts';
import { KratosSchema, parseBody } from '../client/bodies.ts';
import { z } from 'zod';
import { InputError, KratosError } from '../errors.ts';
import { policyText, type PolicyFacts } from './policy.ts';

export type CallerOf = (auth: AuthInfo | undefined) => Caller;
/** `opened`: whose request the server was made for; completing is told of no other. */
export type RegisterResources = (server: McpServer, callerOf: CallerOf, opened: Caller) => void;

export interface ResourcePorts {
  readonly kratos: Kratos<Extract<ReadName, 'listIdentitySchemas' | 'getIdentitySchema'>>;
  /** Turns whatever was thrown into a text that may be shown. */
  readonly explain: (error: unknown) => string;
  /** Cleans every string of upstream JSON. */
  readonly clean: (value: unknown) => unknown;
  readonly policy: () => PolicyFacts;
}

const SCHEMA_TYPE = 'application/schema+json';
const SCHEMAS_HINT = { ttlMs: 60_000, cacheScope: 'private' } as const;
const uriOf = (id: string) => `kratos://schemas/${encodeURIComponent(id)}`;

export function resources(ports: ResourcePorts): RegisterResources {
  const schemas = async () =>
    parseBody(z.array(KratosSchema), await ports.kratos('listIdentitySchemas', {}, { query: { page_size: 1000 } }));
  // An id that cleaning changes could not be read by its address; the tool lists it.
  const ids = async () => (await guarded(schemas, ports)).map((it) => it.id).filter((it) => it !== '' && ports.clean(it) === it);
  // Listing and completing name what can be named: without the scope or the public port that is nothing, and reading `kratos://schemas` says why.
  const nameable = async (caller: Caller) => (lacks(caller) ? [] : ids().catch(() => []));
  const read = async (id: string, signal: AbortSignal) =>
    guarded(async () => ports.clean((await ports.kratos('getIdentitySchema', { id }, { signal })).body), ports);

  return (server, callerOf, opened) => {
    const { permit, scopeChallenge } = scopesFor(callerOf);
    server.registerResource(
      'identity_schemas',
      'kratos://schemas',
      {
        title: 'Identity schemas',
        description: 'The ids of all identity schemas.',
        mimeType: 'application/json',
        cacheHint: SCHEMAS_HINT,
        scopeChallenge,
      },
      async (uri, ctx) => {
        permit(ctx);
        const text = JSON.stringify((await ids()).map((id) => ({ id, uri: uriOf(id) })));
        return { contents: [{ uri: uri.href, mimeType: 'application/json', text }] };
      },
    );
    server.registerResource(
      'identity_schema',
      new ResourceTemplate('kratos://schemas/{id}', {
        list: async ({ http }) => ({
          resources: (await nameable(callerOf(http?.authInfo))).map((id) => ({ uri: uriOf(id), name: id, mimeType: SCHEMA_TYPE })),
        }),
        complete: { id: async (value) => (await nameable(opened)).filter((it) => it.startsWith(value)) },
      }),
      { title: 'Identity schema', mimeType: SCHEMA_TYPE, cacheHint: SCHEMAS_HINT, scopeChallenge },
      async (uri, { id }, ctx) => {
        permit(ctx);
        const schema = await read(decoded(String(id)), ctx.mcpReq.signal);
        return { contents: [{ uri: uri.href, mimeType: SCHEMA_TYPE, text: JSON.stringify(schema) }] };
      },
    );
    server.registerResource(
      'policy',
      'kratos://policy',
      {
        title: 'Policy in force',
        description: 'What is allowed, asked or refused, per effect.',
        mimeType: 'text/markdown',
        cacheHint: SCHEMAS_HINT,
        scopeChallenge,
      },
      (uri, ctx) => {
        permit(ctx);
        return { contents: [{ uri: uri.href, mimeType: 'text/markdown', text: policyText(ports.policy()) }] };
      },
    );
  };
}

/** Reading needs what any read needs. */
const lacks = ({ scopes }: Caller): boolean => scopes !== undefined && !scopes.has('kratos:read') && !scopes.has('kratos:sessions');

function scopesFor(callerOf: CallerOf) {
  const scopeChallenge: ScopeChallengeHandler = ({ authInfo }) => {
    const caller = callerOf(authInfo);
    return caller.canStepUp && lacks(caller) ? { scopes: ['kratos:read'] } : undefined;
  };
  const permit = ({ http }: ServerContext): void => {
    if (!lacks(callerOf(http?.authInfo))) return;
    throw new ProtocolError(
      ProtocolErrorCode.InvalidRequest,
      'The access token of this client does not cover reading: it lacks kratos:read.',
    );
  };
  return { permit, scopeChallenge };
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'The schema id in the URI is not percent-encoded correctly.');
  }
}

/** The SDK shows thrown messages as they are, so only texts of ours are thrown. */
async function guarded<T>(work: () => Promise<T>, { explain }: Pick<ResourcePorts, 'explain'>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isTheirs = error instanceof InputError || (error instanceof KratosError && error.status === 404);
    throw new ProtocolError(isTheirs ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError, explain(error));
  }
}
