import { Hovered } from './hovered.ts';

/** Time in milliseconds for which a rate is shown before it is replaced. */
const settleMillis = 5000;

/** The rates of requests as the rows show them: as {@link ShownFigures} does it, a text stays for a while. */
export class ShownRates extends Hovered {
  readonly #shown = new Map<string, { readonly perMinute: number; readonly at: number }>();

  /** The text of a row: `12 requests/min`; empty where there are none. */
  text(row: string, perMinute: number): string {
    const shown = this.#shown.get(row);
    const isNews = shown === undefined || (!this.isHovered && this.now() - shown.at >= settleMillis);
    if (isNews) this.#shown.set(row, { perMinute, at: this.now() });
    const rate = isNews ? perMinute : shown.perMinute;
    if (rate === 0) return '';
    return rate === 1 ? '1 request/min' : `${rate} requests/min`;
  }

  /** Discards all other rows. */
  retain(rows: ReadonlySet<string>): void {
    for (const row of this.#shown.keys()) if (!rows.has(row)) this.#shown.delete(row);
  }
}
