/** The value of a line of JSON; undefined where it is empty or none, such as the one that was being written when the machine stopped. */
export function parsedLine(line: string): unknown {
  if (line.trim() === '') return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
