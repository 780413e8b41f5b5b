/** What of the suite is right to fail, or says nothing, and why. Whatever is not here must pass; whatever is here and passes is a mistake, too. */
import type { Expected } from './judge.ts';
import type { Revision } from './suite.ts';

/** The fixture has everything that is scored. What is not scored, and is not here, is reported and no more. */
export const FIXTURE: Readonly<Record<Revision, Expected>> = { '2025-11-25': {}, '2026-07-28': {} };

const NO_TOOL = 'calls a tool of the suite’s own, which only the fixture has';
const NO_RESOURCE = 'reads a resource of the suite’s own, which only the fixture has';
const NO_PROMPTS = 'this program has no prompts';
const NO_SUBSCRIPTIONS = 'nothing that this program lists changes while it runs: there is nothing to subscribe to';
const NO_LOGGING = 'the log goes to stderr; logging to clients is on its way out of the protocol';

/** Scenarios that fail in the one check that has their name. */
const alone = (because: string, ...scenarios: readonly string[]): Expected =>
  Object.fromEntries(scenarios.map((it) => [it, { failing: [it], because }]));

/** The same in both revisions. */
const common: Expected = {
  ...alone(NO_TOOL, ...['simple-text', 'image', 'audio', 'embedded-resource', 'mixed-content'].map((it) => `tools-call-${it}`)),
  ...alone(NO_TOOL, 'tools-call-error', 'tools-call-with-progress'),
  ...alone(NO_RESOURCE, 'resources-read-text', 'resources-read-binary', 'resources-templates-read'),
  ...alone(NO_PROMPTS, 'prompts-list', 'prompts-get-simple', 'prompts-get-with-args', 'prompts-get-embedded-resource'),
  ...alone(NO_PROMPTS, 'prompts-get-with-image', 'completion-complete'),
};

/** Scenarios on questions, by the check that fails at their first step: the suite's own tool is missing. Questions of this program are tested elsewhere. */
const QUESTIONS: Readonly<Record<string, string>> = {
  'basic-elicitation': 'elicitation-incomplete',
  'basic-sampling': 'sampling-incomplete',
  'basic-list-roots': 'list-roots-incomplete',
  'request-state': 'request-state-incomplete',
  'multiple-input-requests': 'multiple-inputs-incomplete',
  'multi-round': 'multi-round-r1',
  'result-type': 'result-type-included',
  'tampered-state': 'reject-tampered-state',
  'capability-check': 'respect-client-capabilities',
};
const questions: Expected = Object.fromEntries(
  Object.entries(QUESTIONS).map(([name, check]) => [`input-required-result-${name}`, { failing: [`sep-2322-${check}`], because: NO_TOOL }]),
);

export const exceptions: Readonly<Record<Revision, Expected>> = {
  '2025-11-25': {
    ...common,
    ...alone(NO_LOGGING, 'logging-set-level', 'tools-call-with-logging'),
    ...alone(NO_TOOL, 'tools-call-sampling', 'tools-call-elicitation'),
    ...alone(NO_SUBSCRIPTIONS, 'resources-subscribe', 'resources-unsubscribe'),
    'elicitation-sep1034-defaults': { failing: ['elicitation-sep1034-general'], because: NO_TOOL },
    'elicitation-sep1330-enums': { failing: ['elicitation-sep1330-general'], because: NO_TOOL },
  },
  '2026-07-28': {
    ...common,
    ...questions,
    'server-stateless': {
      failing: [
        'sep-2575-server-rejects-undeclared-capability',
        'sep-2575-missing-capability-http-400',
        'sep-2575-http-server-no-independent-requests-on-stream',
        'sep-2575-server-no-log-without-loglevel',
      ],
      because: `four of its checks need tools: ${NO_TOOL}`,
    },
    caching: { failing: ['sep-2549-prompts-list-caching-hints'], because: NO_PROMPTS },
    'input-required-result-non-tool-request': { failing: ['sep-2322-non-tool-incomplete'], because: NO_PROMPTS },
    'input-required-result-missing-input-response': { failing: [], because: NO_TOOL },
    'input-required-result-ignore-extra-params': { failing: [], because: NO_TOOL },
    'input-required-result-validate-input': { failing: [], because: `passes with any refusal: ${NO_TOOL}` },
  },
};
