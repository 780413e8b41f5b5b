/** An authorization server on loopback, as far as a resource server sees it: its metadata, its key, and tokens that are signed here. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface Issuer {
  readonly url: string;
  /** `kid`: of the header, whether there is such a key or not. */
  token(subject: string, options: { readonly audience: string; readonly scope: string; readonly kid?: string }): Promise<string>;
  /** How often its keys were read. */
  readonly reads: () => number;
  close(): Promise<void>;
}

const KID = 'only';

export async function startIssuer(): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: KID, use: 'sig', alg: 'ES256' }] });
  let reads = 0;
  let url = '';
  const server = createServer((request, response) => {
    const isKeys = request.url === '/jwks';
    if (isKeys) reads += 1;
    const metadata = { issuer: url, jwks_uri: `${url}/jwks`, authorization_endpoint: `${url}/auth`, token_endpoint: `${url}/token` };
    response.writeHead(200, { 'content-type': 'application/json' }).end(isKeys ? keys : JSON.stringify(metadata));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // listening on TCP
  url = `http://127.0.0.1:${port}`;
  return {
    url,
    reads: () => reads,
    token: (subject, { audience, scope, kid = KID }) =>
      new SignJWT({ scope, client_id: 'bench' })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
        .setIssuer(url)
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('2h')
        .setJti(`${subject}-${kid}`)
        .sign(privateKey),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
