/** What the demonstration prints, for people: short lines that fit a terminal. */
export const say = (text: string) => void process.stdout.write(`${text}\n`);
export const step = (number: number, what: string) => say(`\n${number}. ${what}`);

type Json = Readonly<Record<string, unknown>>;

/** The first line of what the agent gets, or what was revoked, and one line per account or session. */
export function inShort(text: string, structured: Json): string {
  const rows = [...listed(structured, 'identities').map(identityLine), ...listed(structured, 'sessions').map(sessionLine)];
  const [head = ''] = text.split('\n');
  const { revoked } = structured;
  return [typeof revoked === 'number' ? `Revoked: ${revoked} sessions.` : head, ...rows].join('\n');
}

const listed = (structured: Json, member: string) => (structured[member] ?? []) as readonly Json[]; // this server's lists hold objects

function identityLine({ id, state, traits }: Json): string {
  const parts = Object.entries(traits ?? {}).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return `- ${String(id)}, ${String(state)}, ${parts.join(', ')}`;
}

function sessionLine(session: Json): string {
  const [device = {}] = listed(session, 'devices');
  const kind = /\(([^;)]+)/.exec(String(device['user_agent']))?.[1] ?? 'unknown device';
  const state = session['active'] === true ? 'active' : 'ended';
  return `- ${state}, signed in ${String(session['authenticated_at'])}, ${kind}, ${String(device['ip_address'])}, ${String(device['location'])}`;
}

/** Every line behind the mark, broken at blanks where it would not fit the terminal. */
export function shown(text: string, mark: string): string {
  const width = Math.max(40, Math.min(process.stdout.columns ?? 100, 120)) - mark.length;
  return text
    .split('\n')
    .flatMap((line) => wrapped(line, width))
    .map((line) => mark + line)
    .join('\n');
}

/** The lines after the first are set in, so that one sees where an entry begins. */
function wrapped(line: string, width: number): string[] {
  if (line.length <= width) return [line];
  const at = line.lastIndexOf(' ', width);
  const end = at > width / 2 ? at : width;
  return [line.slice(0, end), ...wrapped(`  ${line.slice(end).trimStart()}`, width)];
}
