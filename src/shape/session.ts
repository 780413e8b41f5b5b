/** A session as results show it: by allow-list; tokens and whatever is unknown are dropped. Pure. */
import { z } from 'zod';
import type { KratosSession } from '../client/bodies.ts';
import { ipOf } from '../lib/ip.ts';
import { clean } from '../lib/text.ts';
import { identityView } from './identity.ts';
import { present, textOf } from './present.ts';
import { wholeSeconds } from './time.ts';

export const SessionOut = z.looseObject({
  id: z.string(),
  active: z.boolean().optional(),
  identity_id: z.string().optional(),
  authenticated_at: z.string().optional(),
  expires_at: z.string().optional(),
  issued_at: z.string().optional(),
  aal: z.string().optional(),
  methods: z.unknown().optional(),
  devices: z.unknown().optional(),
});

/** Kratos takes address, agent and location of a device from request headers: whoever signs in can choose them. */
const DEVICE_CAP = 120;

export interface SessionViewOptions {
  /** Whether the owner is shown too, as a summary; `identity_id` always is, where the identity was expanded. */
  readonly identity?: boolean;
}

/**
 * What leaves of a session. Kratos' `active: true` counts the state of the identity only where the identity was expanded (v26.2.0,
 * session/session.go:282), so without one it is not repeated.
 */
export function sessionView(session: KratosSession, { identity: owner = false }: SessionViewOptions = {}): Record<string, unknown> {
  const { identity, devices, authentication_methods } = session;
  const [began, issued] = [wholeSeconds(session.authenticated_at), wholeSeconds(session.issued_at)];
  const methods = [...new Set(authentication_methods.map((it) => it.method).filter((it) => it !== undefined))];
  return present({
    id: session.id,
    active: identity !== undefined || session.active === false ? session.active : undefined,
    identity_id: identity?.id,
    authenticated_at: began,
    expires_at: wholeSeconds(session.expires_at),
    issued_at: issued === began ? undefined : issued, // the same, unless the person signed in again in it
    aal: session.authenticator_assurance_level,
    methods: methods.length > 0 ? methods : undefined,
    devices: devices.length > 0 ? devices.map(deviceView) : undefined,
    identity: owner && identity ? identityView(identity, { view: 'summary' }) : undefined,
  });
}

function deviceView({ ip_address, user_agent, location }: KratosSession['devices'][number]): Record<string, unknown> {
  return present({
    ip_address: ip_address ? (ipOf(ip_address) ?? '(not an IP)') : undefined,
    user_agent: header(user_agent),
    location: header(location),
  });
}

function header(value: string | undefined): string | undefined {
  const text = textOf(value);
  return text ? clean(text, DEVICE_CAP).text : undefined;
}
