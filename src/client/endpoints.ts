/** Every Kratos route this server may speak, written once. Leaf file: imports nothing of ours. */
type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export interface Endpoint {
  readonly route: `${Verb} /${string}`;
  /** Which of Kratos' two ports serves it; on Ory Network both are one origin. */
  readonly port: 'admin' | 'public';
  /** The statuses that mean success. */
  readonly ok: readonly number[];
}

export const endpoints = {
  listIdentities: { route: 'GET /admin/identities', port: 'admin', ok: [200] },
  createIdentity: { route: 'POST /admin/identities', port: 'admin', ok: [201] },
  // 409 is Kratos' word for "the only item that could have been created is in conflict" (v26.2.0, persister_identity.go:670).
  batchPatchIdentities: { route: 'PATCH /admin/identities', port: 'admin', ok: [200, 409] },
  getIdentity: { route: 'GET /admin/identities/{id}', port: 'admin', ok: [200] },
  getIdentityByExternalId: { route: 'GET /admin/identities/by/external/{external_id}', port: 'admin', ok: [200] },
  updateIdentity: { route: 'PUT /admin/identities/{id}', port: 'admin', ok: [200] },
  patchIdentity: { route: 'PATCH /admin/identities/{id}', port: 'admin', ok: [200] },
  deleteIdentity: { route: 'DELETE /admin/identities/{id}', port: 'admin', ok: [204] },
  deleteIdentityCredentials: { route: 'DELETE /admin/identities/{id}/credentials/{type}', port: 'admin', ok: [204] },
  listIdentitySessions: { route: 'GET /admin/identities/{id}/sessions', port: 'admin', ok: [200] },
  // 404 is Kratos' word for "there was no session to delete".
  deleteIdentitySessions: { route: 'DELETE /admin/identities/{id}/sessions', port: 'admin', ok: [204, 404] },
  listSessions: { route: 'GET /admin/sessions', port: 'admin', ok: [200] },
  getSession: { route: 'GET /admin/sessions/{id}', port: 'admin', ok: [200] },
  disableSession: { route: 'DELETE /admin/sessions/{id}', port: 'admin', ok: [204] },
  // 204 where `faster_session_extend` is on, and on Ory Network.
  extendSession: { route: 'PATCH /admin/sessions/{id}/extend', port: 'admin', ok: [200, 204] },
  createRecoveryCode: { route: 'POST /admin/recovery/code', port: 'admin', ok: [201] },
  createRecoveryLink: { route: 'POST /admin/recovery/link', port: 'admin', ok: [200] },
  listCourierMessages: { route: 'GET /admin/courier/messages', port: 'admin', ok: [200] },
  getCourierMessage: { route: 'GET /admin/courier/messages/{id}', port: 'admin', ok: [200] },
  listIdentitySchemas: { route: 'GET /schemas', port: 'public', ok: [200] },
  getIdentitySchema: { route: 'GET /schemas/{id}', port: 'public', ok: [200] },
  // Without the prefix: Ory Network serves only this spelling, and Kratos' admin port adds the prefix itself.
  getVersion: { route: 'GET /version', port: 'admin', ok: [200] },
  getReady: { route: 'GET /health/ready', port: 'admin', ok: [200] },
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof endpoints;
type Route<N extends EndpointName> = (typeof endpoints)[N]['route'];
type ParamNames<R> = R extends `${string}{${infer Name}}${infer Rest}` ? Name | ParamNames<Rest> : never;
export type PathParams<N extends EndpointName> = N extends EndpointName ? Readonly<Record<ParamNames<Route<N>>, string>> : never;

/** Endpoints that only read: all that an operation is ever handed. The others can only be planned. */
export type ReadName = { [N in EndpointName]: Route<N> extends `GET ${string}` ? N : never }[EndpointName];
export type WriteName = Exclude<EndpointName, ReadName>;
