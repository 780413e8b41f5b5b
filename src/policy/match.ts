/**
 * Whether a rule is about a unit of a call: one effect of it, on one account, by one of its differences. What nobody can know yet is
 * `unsure`: such a rule counts where it is the stricter one, and not where it would be the milder. Pure.
 */
import { ExactNumber } from '../lib/json.ts';
import type { ChangeEffect, Subject } from '../operation.ts';
import { fitOfClaims } from './claims.ts';
import { all, FITS, fitOf, no, unsure, type Fit } from './fit.ts';
import { anyMatchOf, matchOf, pathMatchOf } from './globs.ts';
import type { Conditions, Judged, TargetConditions } from './policy.ts';
import { isWithin } from './window.ts';

export interface Unit {
  readonly effect: ChangeEffect;
  readonly subject: Subject;
  /** Undefined: this unit is about no value in particular. */
  readonly path: readonly string[] | undefined;
}
export type CallerFacts = Pick<Judged, 'tool' | 'principal' | 'claims'>;
export type CallFacts = CallerFacts & Pick<Judged, 'count' | 'client' | 'at'>;

/** `ofCall` is the same for all units of a call. */
export function fitOfUnit({ effects, target }: Conditions, unit: Unit, ofCall: Fit): Fit {
  if (ofCall.kind === 'no') return ofCall;
  if (effects !== undefined && !effects.includes(unit.effect)) return no(`it is about ${effects.join(', ')}, not ${unit.effect}`);
  return target === undefined ? ofCall : all([ofCall, fitOfTarget(target, unit)]);
}

export function fitOfCall(conditions: Conditions, facts: CallFacts): Fit {
  const { clients, count, time } = conditions;
  const within = time === undefined ? true : isWithin(time, facts.at);
  return all([
    count === undefined ? FITS : fitOfCount(count.over, facts.count),
    fitOfCaller(conditions, facts),
    clients === undefined ? FITS : fitOf(matchOf(clients, facts.client), 'the client is another one'),
    within === true ? FITS : within === false ? no('the time is another one') : unsure('the time is not known'),
  ]);
}

/** What is the same for all calls of a tool by one caller. */
export function fitOfCaller({ tools, principals, claims }: Conditions, facts: CallerFacts): Fit {
  return all([
    tools === undefined || matchOf(tools, facts.tool) === 'yes' ? FITS : no(`it is about other tools (${tools.join(', ')})`),
    principals === undefined ? FITS : fitOf(matchOf(principals, facts.principal), 'the principal is another one'),
    claims === undefined ? FITS : fitOfClaims(claims, facts.claims),
  ]);
}

function fitOfCount(over: number, count: number): Fit {
  if (!Number.isFinite(count)) return unsure('how many accounts it concerns is not known');
  return count > over ? FITS : no(`it concerns ${count}, not more than ${over}`);
}

/** Kratos always tells the schema of an account that it can read, and a plan that of one to be made. */
const isKnown = ({ schema_id }: Subject): boolean => schema_id !== undefined;

export function fitOfTarget(conditions: TargetConditions, { subject, path }: Pick<Unit, 'subject' | 'path'>): Fit {
  const { id, state, schema_id, organization_id, verified, values = [], changes } = conditions;
  const known = isKnown(subject);
  const absent = (name: string): Fit => (known ? no(`there is no ${name}`) : unsure(`${name} is not known`));
  const unknown = (name: string): Fit => unsure(`${name} is not known`);
  const text = (name: 'id' | 'state' | 'schema_id' | 'organization_id', globs: readonly string[] | undefined, missing: Fit): Fit => {
    const value = subject[name];
    if (globs === undefined) return FITS;
    return value === undefined ? missing : fitOf(matchOf(globs, value), `${name} is another one`);
  };
  return all([
    text('id', id, absent('id')),
    text('state', state, unknown('state')),
    text('schema_id', schema_id, unknown('schema_id')),
    text('organization_id', organization_id, absent('organization_id')),
    verified === undefined ? FITS : fitOfVerified(verified, subject.verified),
    ...values.map((it) => fitOfValue(it, subject)),
    changes === undefined ? FITS : fitOfChanges(changes, path),
  ]);
}

function fitOfVerified(wanted: boolean, is: boolean | undefined): Fit {
  if (is === undefined) return unsure('whether an address is verified is not known');
  return is === wanted ? FITS : no(is ? 'an address is verified' : 'no address is verified');
}

type ValueCondition = NonNullable<TargetConditions['values']>[number];
function fitOfValue({ path, globs }: ValueCondition, subject: Subject): Fit {
  const name = path.join('.');
  const found = valueAt(subject, path);
  if (found === undefined || found === null) return isKnown(subject) ? no(`there is no ${name}`) : unsure(`${name} is not known`);
  const texts = (Array.isArray(found) ? found : [found]).flatMap(textOf);
  return fitOf(anyMatchOf(globs, texts), `${name} is another one`);
}

/** Own members only: nobody's prototype answers. */
function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as Readonly<Record<string, unknown>>)[name] : undefined, // the cast: an object
    value,
  );
}

function textOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  return value instanceof ExactNumber ? [value.text] : [];
}

function fitOfChanges(globs: readonly string[], path: readonly string[] | undefined): Fit {
  if (path === undefined) return no('it is about changed values, and none of those is judged here');
  const found = globs.map((it) => pathMatchOf(it, path));
  if (found.includes('yes')) return FITS;
  return found.includes('near') ? unsure('what changes holds what it is about') : no(`it is not about ${path.join('.')}`);
}
