/** What is refused as such, before anything is read: an operation whose reply is a secret that the operator has not let out. Pure. */
export interface Secrecy {
  readonly deliver: 'page' | 'withhold' | 'reply';
  /** Where end users reach Kratos, if it is known. */
  readonly publicUrl: string | undefined;
}

export function withheld(secret: 'recovery' | undefined, { deliver, publicUrl }: Secrecy): string | undefined {
  if (secret === undefined || deliver !== 'withhold') return undefined;
  const own = `${publicUrl?.replace(/\/$/, '') ?? '<public address of Kratos>'}/self-service/recovery/browser`;
  return (
    'A recovery code or link signs its holder in, and the operator has chosen that this server makes none: nothing was sent. ' +
    `The customer can recover the account without an agent at ${own}. ` +
    'Only the operator can change this, with --recovery-delivery page (KRATOS_MCP_RECOVERY_DELIVERY=page) or in the policy file.'
  );
}
