/** What an unexpected status means and what to do about it, in our words. Pure. */
import type { EndpointName } from './endpoints.ts';
import { isCollision } from './retry.ts';
import type { Envelope } from './said.ts';
import type { WireReply } from './types.ts';

/** What a failure is about. */
export interface Called {
  readonly endpoint: EndpointName;
  readonly write: boolean;
  /** Ory Network, where a gateway wants a key. */
  readonly network: boolean;
  /** Whether the address of the public port is known. */
  readonly publicConfigured: boolean;
}

export interface Explained {
  readonly message: string;
  readonly hint: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
}

export function explain(reply: WireReply, envelope: Envelope | undefined, called: Called): Explained {
  const { status } = reply;
  if (status < 300) return unreadable;
  if (status < 400) return redirected(reply, called);
  if (status === 401 || status === 403) return refused(status, envelope, called);
  if (status === 404) return notFound(envelope, called);
  return named(status, envelope) ?? byStatus[status] ?? (status < 500 ? other : broken);
}

/** What Kratos' own words tell apart and the status does not. */
function named(status: number, envelope: Envelope | undefined): Explained | undefined {
  if (isCollision(status, envelope)) return collided;
  if (isTooLarge(envelope)) return tooLarge;
  if (status === 500 && envelope?.id === 'invalid_configuration') return misconfigured;
  return undefined;
}

export const unreadable: Explained = {
  message: "Kratos' answer could not be read.",
  hint: 'Check that the configured address is a Kratos and not a proxy or another service; `ory-identity-mcp doctor` shows what answers there.',
  retryable: false,
};
const collided: Explained = {
  message: "Two transactions met in Kratos' database, and this one was given up.",
  hint: 'Nothing is wrong with the call: make it again.',
  retryable: true,
};
const misconfigured: Explained = {
  message: 'Kratos is not configured for what it was asked.',
  hint: 'The operator has to look. One identity whose schema is no longer configured does this to every list that holds it; delete_identity still works on it.',
  retryable: false,
};
const broken: Explained = {
  message: 'Kratos failed while it worked on the call.',
  hint: 'Its log says why. Try once more a little later; if it stays so, the operator has to look.',
  retryable: true,
};
const gone: Explained = {
  message: 'Kratos is not available just now, or took too long for what stands in front of it.',
  hint: 'Try again in a minute. A list is quicker with a smaller page_size.',
  retryable: true,
};
const longAddress: Explained = {
  message: 'The address of the request is longer than the server takes.',
  hint: 'Ask for fewer values at once, fewer ids for example.',
  retryable: false,
};
const tooLarge: Explained = {
  message: 'The request is larger than Kratos takes (5 MiB).',
  hint: 'Split it into smaller ones.',
  retryable: false,
};
const halfReceived: Explained = {
  message: 'Kratos did not receive the whole request in time.',
  hint: 'The connection to it is slow or broken. Try again.',
  retryable: true,
};
const other: Explained = {
  message: 'Kratos did not accept the call.',
  hint: 'Change what Kratos names, then call again; the same call will be refused again.',
  retryable: false,
};
const byStatus: Readonly<Record<number, Explained>> = {
  405: {
    message: 'What answers at the configured address does not offer this call.',
    hint: 'KRATOS_ADMIN_URL must be the admin port of a Kratos (4434 unless configured otherwise), not its public one.',
    retryable: false,
  },
  407: {
    message: 'The proxy wants to be signed in to.',
    hint: 'Put user name and password into HTTPS_PROXY, or exempt Kratos with NO_PROXY.',
    retryable: false,
  },
  408: halfReceived,
  409: {
    message: 'A value in the request is in use by another identity.',
    hint: 'Look up who has the login identifier, address or external_id, and decide with the user; the same call will be refused again.',
    retryable: false,
  },
  413: tooLarge,
  414: longAddress,
  429: {
    message: 'The rate limit is reached.',
    hint: 'Wait, then make fewer calls at a time.',
    retryable: true,
  },
  431: longAddress,
  499: halfReceived,
  502: gone,
  503: gone,
  504: gone,
};

/** Kratos cuts bodies off at 5 MiB (cmd/daemon/serve.go:187) with a 400, on PATCH of one identity a 500; a gateway with a 413. */
const isTooLarge = (envelope: Envelope | undefined): boolean =>
  `${envelope?.message} ${envelope?.reason}`.includes('request body too large');

function redirected({ headers }: WireReply, { endpoint, publicConfigured }: Called): Explained {
  const isSchema = endpoint === 'listIdentitySchemas' || endpoint === 'getIdentitySchema';
  if (isSchema && !publicConfigured) {
    const base = publicBase(headers['location']);
    const where = base === undefined ? '' : ` The admin port points at ${base}.`;
    return {
      message: 'Identity schemas are served by the public port of Kratos, and its address is not configured.',
      hint: `The operator has to set KRATOS_PUBLIC_URL.${where}`,
      retryable: false,
    };
  }
  if (isSchema) {
    return {
      message: 'Reading an identity schema was answered with a redirect, which is never followed.',
      hint: 'KRATOS_PUBLIC_URL must be the public port of Kratos (4433 unless configured otherwise), spelled as it is reached without redirects.',
      retryable: false,
    };
  }
  return {
    message: 'The call was answered with a redirect, which is never followed.',
    hint: 'KRATOS_ADMIN_URL must be the admin port of Kratos, spelled as it is reached without redirects. The public port redirects calls like this one.',
    retryable: false,
  };
}

/** Where `location` points, down to what an operator would configure. Percent-encoded by the URL parser, and without credentials. */
function publicBase(location = ''): string | undefined {
  if (!URL.canParse(location)) return undefined;
  const { protocol, origin, pathname } = new URL(location);
  const base = /^(.*)\/schemas(?:\/[^/]*)?$/.exec(pathname)?.[1];
  if (base === undefined || !/^https?:$/.test(protocol) || origin.length + base.length > 200) return undefined;
  return origin + base;
}

function refused(status: number, envelope: Envelope | undefined, { network }: Called): Explained {
  // The public port's word for a write that it does not know.
  if (envelope?.id === 'security_csrf_violation') {
    return {
      message: 'The public port of Kratos answered.',
      hint: 'The operator has to point KRATOS_ADMIN_URL at the admin port (4434 unless configured otherwise).',
      retryable: false,
    };
  }
  const message =
    status === 401 ? 'The credential for Kratos is missing or was not accepted.' : 'The credential for Kratos does not allow this call.';
  const hint = network
    ? 'The operator has to check ORY_PROJECT_API_KEY: an API key (ory_pat_…) of this project that has not been revoked.'
    : 'Kratos itself asks for none, so something in front of it does: the operator has to check KRATOS_ADMIN_TOKEN_FILE.';
  return { message, hint, retryable: false };
}

function notFound(envelope: Envelope | undefined, { endpoint }: Called): Explained {
  const byExternalId = endpoint === 'getIdentityByExternalId';
  if (!envelope) {
    return {
      message: 'What answers at the configured address does not know this route: it is no Kratos, or an older one.',
      hint: byExternalId
        ? 'Looking up by external_id needs Kratos 25.4 or newer. `ory-identity-mcp doctor` shows the version.'
        : 'The operator has to check KRATOS_ADMIN_URL and KRATOS_PUBLIC_URL; `ory-identity-mcp doctor` shows what answers there.',
      retryable: false,
    };
  }
  if (endpoint === 'createRecoveryCode' || endpoint === 'createRecoveryLink') {
    return {
      message: 'Kratos made no way to recover the account.',
      hint: 'Either there is no such identity, or the operator has switched this method off; what Kratos says tells which.',
      retryable: false,
    };
  }
  const thing = thingOf(endpoint);
  const hint = byExternalId
    ? 'Check the external_id. Kratos older than 25.4 knows none.'
    : `Check the id with a list or a lookup; the ${thing} may have been deleted meanwhile.`;
  return { message: `Kratos has no such ${thing}.`, hint, retryable: false };
}

function thingOf(endpoint: EndpointName): string {
  if (endpoint === 'deleteIdentityCredentials') return 'identity or credential';
  if (endpoint === 'getIdentitySchema') return 'identity schema';
  if (endpoint === 'getCourierMessage') return 'message';
  if (endpoint === 'getSession' || endpoint === 'disableSession' || endpoint === 'extendSession') return 'session';
  return 'identity';
}
