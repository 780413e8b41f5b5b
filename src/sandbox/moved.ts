import type { SandboxReply } from './envelope.ts';

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };

/** Go's temporary redirect: a GET gets a line of HTML along. */
export function moved(location: string, method: string): SandboxReply {
  if (method !== 'GET') return { status: 307, headers: { location }, text: '' };
  const href = location.replace(/[&<>"']/g, (it) => HTML[it] ?? it);
  return {
    status: 307,
    headers: { 'content-type': 'text/html; charset=utf-8', location },
    text: `<a href="${href}">Temporary Redirect</a>.\n\n`,
  };
}
