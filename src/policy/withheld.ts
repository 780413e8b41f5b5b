/** What is refused as such, before anything is read: an operation whose reply is a secret that the operator has not let out. Pure. */
export interface Secrecy {
  readonly recoveryDelivery: 'withhold' | 'reply';
  /** Where end users reach Kratos, if it is known. */
  readonly publicUrl: string | undefined;
}

export function withheld(secret: 'recovery' | undefined, { recoveryDelivery, publicUrl }: Secrecy): string | undefined {
  if (secret === undefined || recoveryDelivery === 'reply') return undefined;
  const own = `${publicUrl?.replace(/\/$/, '') ?? '<public address of Kratos>'}/self-service/recovery/browser`;
  return (
    'A recovery code or link signs its holder in, and this server does not put one into a chat: nothing was sent. ' +
    `The customer can recover the account without an agent at ${own}. ` +
    'Only the operator can change this, with --recovery-delivery reply (KRATOS_MCP_RECOVERY_DELIVERY=reply).'
  );
}
