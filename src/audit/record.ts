/** What the ledger holds of a call: ids, counts, names of ours, digests. Never arguments, values, codes, tokens. */

export type AuditEvent =
  | 'started'
  | 'ended'
  | 'read'
  | 'asked'
  | 'approved'
  | 'declined'
  | 'expired'
  | 'stale'
  | 'denied'
  | 'intent'
  | 'outcome'
  | 'reconciled'
  | 'policy'
  | 'frozen'
  | 'thawed'
  | 'locked'
  | 'unlocked'
  | 'enrolled'
  | 'removed'
  | 'failed_sign_in'
  | 'signed_in'
  | 'revealed'
  | 'alert'
  /** By the ledger itself: bytes before this record are no record (`facts.bytes`, `facts.sha256`), left by a write that was cut off. */
  | 'torn'
  /** By the ledger itself: `count` noted records could not be kept while it could not be written. */
  | 'lost';

/** A passkey's signature over what was approved: verifiable with the approver's public key. */
export interface Assertion {
  readonly approver: string;
  readonly credential_id: string;
  readonly public_key: string;
  readonly challenge: string;
  readonly nonce: string;
  readonly authenticator_data: string;
  readonly client_data: string;
  readonly signature: string;
}

/** Everything but what the ledger adds itself: v, seq, ts, instance, level, kratos_url, prev, hash. Left out: it does not apply. */
export interface AuditFields {
  readonly event: AuditEvent;
  readonly plan_id?: string | undefined;
  readonly digest?: string | undefined;
  readonly render_hash?: string | undefined;
  readonly request_hash?: string | undefined;
  readonly tool?: string | undefined;
  readonly effects?: readonly string[] | undefined;
  readonly target_ids?: readonly string[] | undefined;
  /** E-mails and the like: hashed under the ledger's key before they are written. */
  readonly personal?: readonly string[] | undefined;
  /** Names and kinds of the arguments (`json_patch: array(2)`), never values. */
  readonly args_shape?: Readonly<Record<string, string>> | undefined;
  /** What a policy can be replayed on. */
  readonly facts?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>> | undefined;
  readonly count?: number | undefined;
  readonly policy_hash?: string | undefined;
  readonly rule?: string | undefined;
  readonly verdict?: string | undefined;
  readonly method?: string | undefined;
  /** A principal; an address in it is hashed before it is written, as in `approvers`, `facts.principal` and an unsigned `digest`. */
  readonly requester?: string | undefined;
  readonly client?: string | undefined;
  readonly approvers?: readonly string[] | undefined;
  readonly decision_source?: 'person' | 'client' | 'server' | undefined;
  readonly reason_given?: boolean | undefined;
  readonly ticket?: string | undefined;
  readonly assertion?: Assertion | undefined;
  readonly budget_after?: number | undefined;
  readonly kratos?:
    | { readonly method?: string; readonly route?: string; readonly status?: number; readonly request_id?: string }
    | undefined;
  readonly outcome?: string | undefined;
  readonly error_code?: string | undefined;
  readonly ms?: number | undefined;
  /** Of the W3C trace that the request belongs to. */
  readonly trace_id?: string | undefined;
}

export interface Ledger {
  /** On disk when it resolves; throws `LedgerError` where it could not be written. */
  durable(fields: AuditFields): Promise<void>;
  /** Written in order, a moment later; a failure is logged and holds nothing up. Never throws. */
  note(fields: AuditFields): void;
  /** What was noted so far is written (not synced). */
  flush(): Promise<void>;
  /** Also writes a checkpoint. */
  close(): Promise<void>;
}
