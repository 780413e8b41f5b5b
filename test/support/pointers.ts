/** JSON pointers as attackers spell them, and which of them a patch may hold, said once more and another way than the server says it. */
import fc from 'fast-check';

/** Written as one regular expression over the raw pointer, unlike the code, which decodes first and walks. */
const SAFE = String.raw`(?:~0|~1|[^/~\p{C}\p{Zl}\p{Zp}])+`;
const ON_THE_LIST = new RegExp(
  String.raw`^/(?:(?:traits|metadata_public|metadata_admin)(?:/${SAFE}){0,19}|state|schema_id|external_id|organization_id|` +
    String.raw`verifiable_addresses/(?:0|[1-9][0-9]{0,3})/(?:verified|status|verified_at))$`,
  'u',
);
export const isOnTheList = (pointer: string): boolean =>
  ON_THE_LIST.test(pointer) && !/\/(?:__proto__|constructor|prototype|-)(?:\/|$)/u.test(pointer.replace(/\/-$/, ''));

// What attackers spell, mixed with what is allowed: so that most pointers are near misses and some are hits.
const word = fc.constantFrom(
  'traits',
  'Traits',
  'TRAITS',
  'trаits',
  'traits\u200b',
  'ｔraits',
  'traıts',
  'metadata_public',
  'metadata_Public',
  'metadata_admin',
  'metadata-admin',
  'state',
  'State',
  'schema_id',
  'external_id',
  'organization_id',
  'verifiable_addresses',
  'recovery_addresses',
  'credentials',
  'password',
  'config',
  'hashed_password',
  'id',
  'created_at',
  'state_changed_at',
  'schema_url',
  'verified',
  'status',
  'verified_at',
  'value',
  'via',
  '0',
  '1',
  '00',
  '01',
  '-1',
  '+0',
  '0x0',
  '１',
  '9999',
  '10000',
  '-',
  '',
  '.',
  '..',
  '~0',
  '~1',
  '~01',
  '~2',
  '~',
  '%2F',
  '%7E1',
  'a~1b',
  '\0',
  '\n',
  '\ud800',
  '\u202e',
  '\ufeff',
  '__proto__',
  'constructor',
  'prototype',
  'email',
  ' traits',
  'traits ',
  '*',
  '**',
);
const segment = fc.oneof(
  { weight: 8, arbitrary: word },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 4 }) },
);
const top = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('traits', 'metadata_public', 'metadata_admin', 'verifiable_addresses', 'state') },
  segment,
);
export const pointers = fc.oneof(
  { weight: 10, arbitrary: fc.tuple(top, fc.array(segment, { maxLength: 4 })).map(([head, rest]) => `/${[head, ...rest].join('/')}`) },
  { weight: 2, arbitrary: fc.array(segment, { maxLength: 4 }).map((it) => it.join('/')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);
