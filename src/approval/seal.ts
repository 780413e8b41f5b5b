/**
 * Sealing: a keyed digest over what a plan is, and the state that travels through the client. Keyed, since arguments can hold passwords
 * and a plain hash of a short one can be guessed. The state names a plan and says nothing else.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonical } from '../lib/json.ts';
import type { Plan } from '../operation.ts';

export interface SealedContent {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly plan: Plan;
  readonly principal: string;
  /** The policy rule that asked. */
  readonly rule: string;
  /** What past calls make of it: who agreed before it stood out was not told. */
  readonly pattern?: string | undefined;
  /** Of the policy in force. */
  readonly policyHash: string;
}

export interface Sealer {
  /** Over content only: two plans of the same call against an unchanged target have the same digest. */
  digest(content: SealedContent): string;
  /** Over tool, arguments, principal and Kratos, since several servers may share a store: which calls are "the same call". */
  request(content: Pick<SealedContent, 'tool' | 'input' | 'principal'>): string;
  /** The `requestState` for a plan that waits. */
  mint(planId: string, principal: string): string;
  /** The plan id in a state that this server minted for this principal; undefined for anything else. */
  open(state: unknown, principal: string): string | undefined;
}

const METHOD = 'tools/call';
const VERSION = 2;

/** `older`: keys that were in use before, and may be at other replicas still: a state that was minted under one of them still opens. */
export function createSealer(key: Uint8Array, kratosUrl: string, older: readonly Uint8Array[] = []): Sealer {
  const macBy = (its: Uint8Array, domain: string, text: string) => createHmac('sha256', its).update(`${domain}\n`).update(text);
  const mac = (domain: string, text: string) => macBy(key, domain, text);
  const stateMac = (its: Uint8Array, id: string, principal: string) => macBy(its, 'state', canonical([id, METHOD, principal])).digest();

  return {
    digest: ({ tool, input, plan, principal, rule, pattern = null, policyHash }) => {
      const { effects, targets, calls, watch } = plan;
      const sealed = {
        version: VERSION,
        tool,
        input,
        effects: effects.toSorted(),
        kratosUrl,
        targets,
        calls,
        watch,
        principal,
        rule,
        pattern,
        policyHash,
      };
      return mac('plan', canonical(sealed)).digest('base64url');
    },
    request: ({ tool, input, principal }) => mac('request', canonical({ tool, input, principal, kratosUrl })).digest('base64url'),
    mint: (planId, principal) => `${planId}.${stateMac(key, planId, principal).toString('base64url')}`,
    open(state, principal) {
      if (typeof state !== 'string' || state.length > 200) return undefined;
      const [id = '', given = '', ...rest] = state.split('.');
      if (rest.length > 0) return undefined;
      const bytes = Buffer.from(given, 'base64url');
      // Re-encoded, since base64url decoding ignores stray bits: one state has one spelling.
      if (bytes.toString('base64url') !== given) return undefined;
      const expected = [key, ...older].map((it) => stateMac(it, id, principal));
      return expected.some((it) => bytes.length === it.length && timingSafeEqual(bytes, it)) ? id : undefined;
    },
  };
}
