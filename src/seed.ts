/** Names for the sandbox's people and things, so that an example or a test never holds a bare UUID. */
export const seed = {
  /** Ada Byron, ada.byron@example.com: verified, password, three active sessions on different devices; the person of the demo. */
  ada: '0a0a0a0a-0000-4000-8000-000000000001',
  /** Grace Murray, grace.murray@example.com: password and Google (oidc `google:grace-1906`), TOTP and unused lookup codes, one active session; external id `crm-1002`. */
  grace: '0a0a0a0a-0000-4000-8000-000000000002',
  /** Signs in with Google only, no password. */
  oidcOnly: '0a0a0a0a-0000-4000-8000-000000000003',
  /** Employee schema, no e-mail at all, no sign-in method. */
  noEmail: '0a0a0a0a-0000-4000-8000-000000000004',
  /** Employee schema, a phone number and nothing else. */
  phoneOnly: '0a0a0a0a-0000-4000-8000-000000000005',
  /** state inactive, with sessions whose rows are still active. */
  inactive: '0a0a0a0a-0000-4000-8000-000000000006',
  /** E-mail address never verified; no sessions. */
  unverified: '0a0a0a0a-0000-4000-8000-000000000007',
  /** A display name and metadata that try to instruct the agent, with invisible characters. */
  hostile: '0a0a0a0a-0000-4000-8000-000000000008',
  /** Employee with department, organization, metadata_public and metadata_admin. */
  employee: '0a0a0a0a-0000-4000-8000-000000000009',
  /** Many (30) sessions, some inactive or expired. */
  manySessions: '0a0a0a0a-0000-4000-8000-00000000000a',

  adaLaptop: '0b0b0b0b-0000-4000-8000-000000000001',
  adaPhone: '0b0b0b0b-0000-4000-8000-000000000002',
  adaTablet: '0b0b0b0b-0000-4000-8000-000000000003',
  graceLaptop: '0b0b0b0b-0000-4000-8000-000000000004',

  /** A verification message to Ada, sent, with one dispatch. */
  message: '0c0c0c0c-0000-4000-8000-000000000001',
  /** A recovery message that was abandoned, with a failed dispatch. */
  abandonedMessage: '0c0c0c0c-0000-4000-8000-000000000002',

  organization: '0d0d0d0d-0000-4000-8000-000000000001',
  externalId: 'crm-1002',
  /** Ada's, for a login at the public port. Everybody else's hash fits no password. */
  password: 'correct-horse-9',
  /** Nobody has this id. */
  nobody: '0e0e0e0e-0000-4000-8000-000000000000',
} as const;
