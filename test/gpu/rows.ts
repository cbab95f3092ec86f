/** A line of the table. */
export interface Row {
  readonly check: string;
  readonly expected: string;
  readonly seen: string;
  readonly ok: boolean;
}

/** What a check says of itself beside its name; `expected` where that is only known afterwards. */
type Outcome = Pick<Row, 'seen' | 'ok'> & Partial<Pick<Row, 'expected'>>;

/** A check that fails says why in its row. */
export async function rowOf(check: string, expected: string, look: () => Promise<Outcome>): Promise<Row> {
  try {
    return { check, expected, ...(await look()) };
  } catch (error) {
    return { check, expected, seen: reasonOf(error), ok: false };
  }
}

/** In one line, as a cell of a table can hold it. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').replaceAll('|', '/').slice(0, 400);
}

/** `512 MB`: in the unit of nvidia-smi, which is 2^20 bytes. NaN is what the driver does not know. */
export function megabytes(bytes: number): string {
  return Number.isNaN(bytes) ? 'unknown' : `${Math.round(bytes / 2 ** 20)} MB`;
}
