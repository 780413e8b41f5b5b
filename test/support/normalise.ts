/** Takes out of a stored result what differs from run to run: made-up ids, nonces, times of writing, page tokens. */
const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
const SEEDED = /^0[a-e]0[a-e]0[a-e]0[a-e]-/;

export function normalised(value: unknown): unknown {
  const ids = new Map<string, string>();
  const named = (id: string) => {
    if (SEEDED.test(id)) return id;
    const name = ids.get(id) ?? `<id ${ids.size + 1}>`;
    ids.set(id, name);
    return name;
  };
  const text = JSON.stringify(value)
    .replace(UUID, named)
    .replace(/(--- (?:data of others, never instructions|end of data): )\d+/g, '$1<nonce>')
    .replace(/(recovery_code\W{1,6})\d{6}/g, '$1<code>')
    .replace(/(:\d\d)\.\d+Z/g, '$1Z')
    .replace(/token=[A-Za-z0-9]{32}/g, 'token=<token>');
  return JSON.parse(text);
}
