/** The demonstration is a program of its own, built beside this one: it speaks to this server from outside, as a client does. */
export async function demo(approve: boolean): Promise<number> {
  const built = new URL('./demo.js', import.meta.url);
  const program: unknown = await import(built.href);
  if (!isDemo(program)) throw new Error('dist/demo.js has no run()');
  return program.run({ approve });
}

function isDemo(program: unknown): program is { run: (options: { approve: boolean }) => Promise<number> } {
  return typeof program === 'object' && program !== null && 'run' in program && typeof program.run === 'function';
}
