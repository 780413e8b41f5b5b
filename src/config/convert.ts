/** From the text of a flag or variable to the value that its row of the table promises. Throws `UsageError`, one line that says what to do. */
import { resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { Secret } from '../lib/secret.ts';
import type { Integer, Setting } from './settings.ts';
import { baseUrl } from './urls.ts';

type Converted = string | number | boolean | readonly string[] | Secret;

/** `name` is the flag or variable as the operator knows it. No message repeats the value: it may be a secret in the wrong place. */
export function convert(name: string, row: Setting, text: string): Converted {
  switch (row.kind) {
    case 'boolean':
      return toBoolean(name, text);
    case 'integer':
      return toInteger(name, row, text);
    case 'list':
      return row.free ? toFreeList(name, text) : toList(name, text);
    case 'choice':
      if (row.choices.includes(text)) return text;
      throw new UsageError(`${name} must be one of: ${row.choices.join(', ')}.`);
    case 'url':
      return baseUrl(name, text);
    case 'folder':
      return resolve(text);
    case 'file':
    case 'string':
      return row.secret ? new Secret(text) : text;
  }
}

function toBoolean(name: string, text: string): boolean {
  if (/^(?:true|1|yes|on)$/i.test(text)) return true;
  if (/^(?:false|0|no|off)$/i.test(text)) return false;
  throw new UsageError(`${name} must be true or false.`);
}

function toInteger(name: string, { min, max, unit }: Integer, text: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${name} must be a whole number from ${min} to ${max}${unit === 'port' ? '' : ` (${unit})`}.`);
}

function toList(name: string, text: string): readonly string[] {
  const items = text.split(',').map((it) => it.trim());
  if (items.every((it) => /^[a-z_*]{1,64}$/.test(it))) return items;
  throw new UsageError(`${name} must be names separated by commas (small letters, _ and *). Leave it out to offer everything.`);
}

function toFreeList(name: string, text: string): readonly string[] {
  const items = text.split(',').map((it) => it.trim());
  if (items.every((it) => /^[\x21-\x7e]{1,300}$/.test(it))) return items;
  throw new UsageError(`${name} must be texts separated by commas, without blanks in them. Leave it out where there are none.`);
}
