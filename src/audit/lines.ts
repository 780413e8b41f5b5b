/** A file line by line, whatever its size. */
import type { FileHandle } from 'node:fs/promises';

export interface Line {
  /** Without its line feed. */
  readonly bytes: Buffer;
  /** Whether a line feed ends it: the last one of a file may have none. */
  readonly ended: boolean;
}

/** Of a file up to where it ends now: what is appended meanwhile is left for the next time. */
export async function* linesOf(file: FileHandle): AsyncGenerator<Line> {
  const { size } = await file.stat();
  if (size === 0) return;
  let rest: Buffer[] = [];
  for await (const chunk of file.createReadStream({ start: 0, end: size - 1, autoClose: false, highWaterMark: 256 * 1024 })) {
    const bytes = chunk as Buffer; // no encoding is set
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      yield { bytes: Buffer.concat([...rest, bytes.subarray(start, end)]), ended: true };
      rest = [];
      start = end + 1;
    }
    if (start < bytes.length) rest.push(bytes.subarray(start));
  }
  if (rest.length > 0) yield { bytes: Buffer.concat(rest), ended: false };
}
