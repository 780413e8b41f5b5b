/** Reads pagination headers, which are data: an address in them is never followed. Pure. */

// A link value: <target> and its parameters, which end where the next target begins.
const LINK = /<([^<>]*)>([^<]*)/g;
const REL = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i;

/** The `page_token` of the `rel="next"` entry of a `Link` header; undefined where there is none. */
export function nextToken(link: string | undefined): string | undefined {
  if (link === undefined) return undefined;
  for (const [, target = '', parameters = ''] of link.matchAll(LINK)) {
    const [, quoted, bare = ''] = REL.exec(parameters) ?? [];
    if (!(quoted ?? bare).toLowerCase().split(/\s+/).includes('next')) continue;
    const [, query = ''] = /\?([^#]*)/.exec(target) ?? [];
    return new URLSearchParams(query).get('page_token') || undefined;
  }
  return undefined;
}

/** `X-Total-Count`; undefined where it is missing or no count. */
export function totalCount(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}
