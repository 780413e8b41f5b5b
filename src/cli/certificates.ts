/** Certificates and key, tried before anything is started: a wrong file would show at the first call only, as a broken connection. */
import type { Tls } from '../config/target.ts';
import { waysToSet, type Key } from '../config/settings.ts';
import { UsageError } from '../errors.ts';

/** Throws `UsageError`. */
export async function checkCertificates({ ca, cert, key }: Tls): Promise<void> {
  if (ca !== undefined) await checkCertificate('caFile', ca);
  if (cert === undefined || key === undefined) return;
  await checkCertificate('clientCertFile', cert);
  const { createSecureContext } = await import('node:tls');
  try {
    createSecureContext({ cert, key: key.reveal() });
  } catch (error) {
    throw new UsageError(
      `${waysToSet('clientKeyFile')} is not the key of ${waysToSet('clientCertFile')}, or is encrypted${codeOf(error)}. Name the key of that certificate, without a passphrase.`,
    );
  }
}

/** The first one in the file. */
async function checkCertificate(setting: Key, pem: string): Promise<void> {
  const { X509Certificate } = await import('node:crypto');
  try {
    void new X509Certificate(pem);
  } catch (error) {
    throw new UsageError(
      `${waysToSet(setting)} names a file that holds no readable certificate${codeOf(error)}. Check that it is a certificate in PEM.`,
    );
  }
}

/** OpenSSL's text stays out: nobody knows what it quotes. */
const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '');
