/** Kratos' words about what it refused, without what repeats itself in them. Still the words of others. Pure. */

/** What Kratos says to every refusal of its kind; where it names a reason, this adds nothing to the status. */
const EMPTY_PHRASES: ReadonlySet<string> = new Set([
  'The request was malformed or contained invalid parameters',
  'The requested resource could not be found',
]);

interface Words {
  readonly message?: string | undefined;
  readonly reason?: string | undefined;
}

/** `message` and `reason` of an error of Kratos, whose useful half is in either, as short as they can be told. */
export function shortWords({ message, reason }: Words): Words {
  if (reason === undefined || reason === '') return { message };
  return { message: EMPTY_PHRASES.has(message ?? '') ? undefined : message, reason: withoutSchemaPaths(reason) };
}

/** `I[#/traits/email] S[#/properties/traits/…/format] "x" is not valid "email"`: the place in the value, the place in the schema, what is wrong. */
const FINDING = /^\s*I\[(#[^\]]*)\] S\[#[^\]]*\] (.*)$/;
const HEADING = 'validation failed';

/**
 * A validation error names each finding by two long paths, under a heading of the same form, and some of them twice (Kratos v26.2.0,
 * ory/jsonschema): one line per finding, by its place in the value. Any other text stays as it is.
 */
function withoutSchemaPaths(reason: string): string {
  const lines = reason.split('\n').map((it) => {
    const [, place, what] = FINDING.exec(it) ?? [];
    return place === undefined || what === undefined ? it : `${place}: ${what}`;
  });
  const findings = [...new Set(lines)].filter((it) => !it.endsWith(`: ${HEADING}`));
  return findings.length > 0 ? findings.join('; ') : reason;
}
