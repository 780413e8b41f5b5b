/** IP addresses by their spelling alone. Pure, so that the rooms without `node:net` can ask. */

const BYTE = /^(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

function isV4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((it) => BYTE.test(it));
}

/** A zone (`fe80::1%eth0`) is free text and no part of an address here. */
function isV6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1)?.at(-1);
  const embedded = last?.includes('.') ?? false;
  if (embedded && !isV4(last ?? '')) return false;
  const all = groups.flat();
  const count = all.length + (embedded ? 1 : 0);
  const plain = embedded ? all.slice(0, -1) : all;
  return plain.every((it) => GROUP.test(it)) && (halves.length === 2 ? count <= 7 : count === 8);
}

export const isIp = (text: string) => text.length <= 45 && (isV4(text) || isV6(text));

/** The address without its port (`1.2.3.4:5`, `[::1]:5`, as Go writes a remote address), or undefined where it is none. */
export function ipOf(text: string): string | undefined {
  if (isIp(text)) return text;
  const [, v6, v4] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(text) ?? [];
  if (v6 !== undefined) return v6.length <= 45 && isV6(v6) ? v6 : undefined;
  return v4 !== undefined && isV4(v4) ? v4 : undefined;
}
