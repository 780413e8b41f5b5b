/** One-time codes (RFC 6238: SHA-1, six digits, 30 seconds), by the library `otpauth`, which is loaded at the first code. */
const PERIOD_S = 30;
const common = { algorithm: 'SHA1', digits: 6, period: PERIOD_S } as const;

/** The 30-second step that the code belongs to: the present one or a neighbour. Undefined: it is no such code. `at`: milliseconds. */
export async function stepOf(code: string, secret: string, at: number): Promise<number | undefined> {
  const token = code.replace(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return undefined;
  const { TOTP, Secret } = await import('otpauth');
  const totp = new TOTP({ ...common, secret: Secret.fromBase32(secret) });
  const delta = totp.validate({ token, timestamp: at, window: 1 });
  return delta === null ? undefined : Math.floor(at / 1000 / PERIOD_S) + delta;
}

/** A new secret (160 bits, base32), and the address that an authenticator app reads it from. */
export async function newTotp(name: string): Promise<{ readonly secret: string; readonly uri: string }> {
  const { TOTP, Secret } = await import('otpauth');
  const secret = new Secret({ size: 20 });
  return { secret: secret.base32, uri: new TOTP({ ...common, issuer: 'ory-identity-mcp', label: name, secret }).toString() };
}
