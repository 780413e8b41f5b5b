/** Every setting, written once: flags, variables, `--help`, docs/settings.md and the types follow from this table. */
import { LOG_LEVELS } from '../lib/log.ts';
import type { Secret } from '../lib/secret.ts';
import { httpSettings } from './http-settings.ts';
import { platformStateDir } from './state-dir.ts';

interface Common {
  /** Without the dashes. None where the value may be a secret: arguments show in process lists. */
  readonly flag?: string;
  readonly env: string;
  /** A second spelling of the variable, which goes first. */
  readonly alias?: string;
  readonly secret?: true;
  /** For `--help` and the documentation; says what it does, not what its name says. */
  readonly summary: string;
}
interface Text extends Common {
  readonly kind: 'string' | 'url' | 'file';
  readonly default?: string;
}
/** A folder; its default depends on the platform. */
interface Folder extends Common {
  readonly kind: 'folder';
  readonly default?: never;
  readonly derive: (env: Readonly<Record<string, string | undefined>>) => string;
  /** The default in words. */
  readonly derived: string;
}
interface List extends Common {
  readonly kind: 'list';
  /** Of anything printable; left out: of names as tools have them. */
  readonly free?: true;
  readonly default?: never;
}
export interface Integer extends Common {
  readonly kind: 'integer';
  readonly unit: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}
interface Choice extends Common {
  readonly kind: 'choice';
  readonly choices: readonly string[];
  readonly default: string;
}
interface Switch extends Common {
  readonly kind: 'boolean';
  readonly default: false;
}
export type Setting = Text | Folder | List | Integer | Choice | Switch;

export const settings = {
  sandbox: {
    flag: 'sandbox',
    env: 'KRATOS_MCP_SANDBOX',
    kind: 'boolean',
    default: false,
    summary: 'Work on the built-in Kratos: in memory, with about 40 invented people. No network.',
  },
  adminUrl: {
    flag: 'admin-url',
    env: 'KRATOS_ADMIN_URL',
    kind: 'url',
    summary: "Kratos' admin address (for example http://127.0.0.1:4434), or the project's address on Ory Network.",
  },
  publicUrl: {
    flag: 'public-url',
    env: 'KRATOS_PUBLIC_URL',
    kind: 'url',
    summary: "Kratos' public address, where the identity schemas are. On Ory Network the admin address serves for both.",
  },
  projectApiKey: {
    env: 'ORY_PROJECT_API_KEY',
    kind: 'string',
    secret: true,
    summary: 'The API key of a project on Ory Network. Not accepted as an argument.',
  },
  projectApiKeyFile: {
    flag: 'project-api-key-file',
    env: 'ORY_PROJECT_API_KEY_FILE',
    kind: 'file',
    summary: 'A file that holds that key; nobody but its owner may read it (mode 0600).',
  },
  adminTokenFile: {
    flag: 'admin-token-file',
    env: 'KRATOS_ADMIN_TOKEN_FILE',
    kind: 'file',
    summary: 'A file with the bearer token that a proxy before a self-hosted admin port wants (mode 0600).',
  },
  caFile: {
    flag: 'ca-file',
    env: 'KRATOS_CA_FILE',
    kind: 'file',
    summary: "Certificate authorities (PEM) to trust for Kratos' addresses, instead of the usual ones.",
  },
  clientCertFile: {
    flag: 'client-cert-file',
    env: 'KRATOS_CLIENT_CERT_FILE',
    kind: 'file',
    summary: 'A client certificate (PEM) to show to Kratos, together with its key.',
  },
  clientKeyFile: {
    flag: 'client-key-file',
    env: 'KRATOS_CLIENT_KEY_FILE',
    kind: 'file',
    summary: 'The private key (PEM) of the client certificate (mode 0600).',
  },
  httpsProxy: {
    env: 'HTTPS_PROXY',
    alias: 'https_proxy',
    kind: 'string',
    secret: true,
    summary: 'The proxy for https addresses; never used for loopback.',
  },
  httpProxy: {
    env: 'HTTP_PROXY',
    alias: 'http_proxy',
    kind: 'string',
    secret: true,
    summary: 'The proxy for http addresses; never used for loopback.',
  },
  noProxy: {
    flag: 'no-proxy',
    env: 'NO_PROXY',
    alias: 'no_proxy',
    kind: 'string',
    summary: 'Hosts that are reached without a proxy, separated by commas.',
  },
  preset: {
    flag: 'preset',
    env: 'KRATOS_MCP_PRESET',
    kind: 'choice',
    choices: ['standard', 'strict', 'read-only'],
    default: 'standard',
    summary: 'Which calls need a person: the policy in force, unless a file says more.',
  },
  policy: {
    flag: 'policy',
    env: 'KRATOS_MCP_POLICY',
    kind: 'file',
    summary: 'A policy file (YAML): a preset with rules, protected accounts and limits. It stands instead of --preset.',
  },
  stateDir: {
    flag: 'state-dir',
    env: 'KRATOS_MCP_STATE_DIR',
    kind: 'folder',
    derive: platformStateDir,
    derived: "the platform's, for example ~/.local/state/ory-identity-mcp",
    summary: 'Where approvers, waiting plans and the audit ledger are kept; only its owner may enter it (mode 0700).',
  },
  pagePort: {
    flag: 'page-port',
    env: 'KRATOS_MCP_PAGE_PORT',
    kind: 'integer',
    unit: 'port',
    default: 0,
    min: 0,
    max: 65_535,
    summary: 'The port of the approvals page on loopback, for forwarding it; 0 takes any free one.',
  },
  ...httpSettings,
  toolsets: {
    flag: 'toolsets',
    env: 'KRATOS_MCP_TOOLSETS',
    kind: 'list',
    summary: 'Offer only these groups of tools: identities, credentials, sessions, recovery, schemas, courier. Unset: all.',
  },
  tools: {
    flag: 'tools',
    env: 'KRATOS_MCP_TOOLS',
    kind: 'list',
    summary: 'Offer only the tools with these names; * stands for anything (get_*,list_*). Unset: all.',
  },
  recoveryDelivery: {
    flag: 'recovery-delivery',
    env: 'KRATOS_MCP_RECOVERY_DELIVERY',
    kind: 'choice',
    choices: ['page', 'withhold', 'reply'],
    default: 'page',
    summary:
      'Recovery codes and links: page shows one to the person who approved it, withhold makes none, reply hands it to the agent in the tool result.',
  },
  defaultSchema: {
    flag: 'default-schema',
    env: 'KRATOS_MCP_DEFAULT_SCHEMA',
    kind: 'string',
    default: 'default',
    summary: "The identity schema of people created without naming one (Kratos' own default).",
  },
  maxResultTokens: {
    flag: 'max-result-tokens',
    env: 'KRATOS_MCP_MAX_RESULT_TOKENS',
    kind: 'integer',
    unit: 'tokens',
    default: 10_000,
    min: 1_000,
    max: 1_000_000,
    summary: 'A tool result larger than about this is cut at a record, and says so.',
  },
  logLevel: {
    flag: 'log-level',
    env: 'KRATOS_MCP_LOG_LEVEL',
    kind: 'choice',
    choices: LOG_LEVELS,
    default: 'info',
    summary: 'How much is logged: JSON lines on stderr.',
  },
  connectTimeoutMs: {
    flag: 'connect-timeout-ms',
    env: 'KRATOS_MCP_CONNECT_TIMEOUT_MS',
    kind: 'integer',
    unit: 'ms',
    default: 2_000,
    min: 10,
    max: 600_000,
    summary: 'How long connecting to Kratos may take.',
  },
  headersTimeoutMs: {
    flag: 'headers-timeout-ms',
    env: 'KRATOS_MCP_HEADERS_TIMEOUT_MS',
    kind: 'integer',
    unit: 'ms',
    default: 10_000,
    min: 10,
    max: 600_000,
    summary: 'How long Kratos may take to begin an answer.',
  },
  callTimeoutMs: {
    flag: 'call-timeout-ms',
    env: 'KRATOS_MCP_CALL_TIMEOUT_MS',
    kind: 'integer',
    unit: 'ms',
    default: 30_000,
    min: 10,
    max: 600_000,
    summary: 'How long one call of Kratos may take as a whole, retries of reads included.',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type Key = keyof typeof settings;
/** The table as rows, in its order. */
export const rows = Object.entries(settings) as readonly (readonly [Key, Setting])[]; // cast: Object.entries widens the keys

type Value<S extends Setting> = S extends Integer
  ? number
  : S extends Switch
    ? boolean
    : S extends Folder
      ? string
      : S extends { readonly kind: 'choice'; readonly choices: readonly (infer C)[] }
        ? C
        : S extends List
          ? readonly string[] | undefined
          : S extends { readonly secret: true }
            ? Secret | undefined
            : S extends { readonly default: string }
              ? string
              : string | undefined;
export type Values = { readonly [K in Key]: Value<(typeof settings)[K]> };

/** Where a value came from: the flag or variable that set it, the table, or nowhere. */
export interface Origin {
  readonly source: 'flag' | 'environment' | 'default' | 'unset';
  /** `--admin-url` or `KRATOS_ADMIN_URL`, as the operator wrote it. */
  readonly name?: string;
}
export type Origins = Readonly<Record<Key, Origin>>;

/** Both ways to set it, for messages: `KRATOS_ADMIN_URL (--admin-url)`. */
export const waysToSet = (key: Key): string => {
  const row: Setting = settings[key];
  return row.flag === undefined ? row.env : `${row.env} (--${row.flag})`;
};
