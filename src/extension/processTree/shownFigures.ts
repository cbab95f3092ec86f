import { formatBytes, formatPercent } from '../../protocol/format.ts';
import { Calm } from './calm.ts';

export interface Figures {
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly gpu?: { readonly memoryBytes: number };
}

/** Smaller changes than these do not matter to whoever looks: in points, and as a part of what is shown. */
const noticeable = { cpuPoints: 1, cpuPart: 0.1, memoryPart: 0.02 } as const;
/** What does not matter is shown all the same after so many milliseconds, so that no figure stays wrong. */
const settleMillis = 5000;

interface Shown extends Figures {
  readonly at: number;
  readonly text: string;
}

/**
 * The figures as the rows show them. The editor draws a row anew, buttons and hover with it, whenever its text changes: a click on a
 * button that is replaced between press and release is lost, and a hover closes. So a text changes when it matters, and not
 * while somebody reads.
 */
export class ShownFigures extends Calm {
  readonly #shown = new Map<string, Shown>();

  /** `12.4 %  340 MB`, and `GPU 3.2 GB` where it uses one: what this row says now. */
  text(row: string, figures: Figures): string {
    const shown = this.#shown.get(row);
    // Nothing has been measured yet where there is no memory.
    if (shown && shown.memoryBytes > 0 && (this.isHeld || !this.#isWorthIt(shown, figures))) return shown.text;
    const { cpuPercent, memoryBytes, gpu } = figures;
    const ofGpus = gpu ? `  GPU ${formatBytes(gpu.memoryBytes)}` : '';
    const text = `${formatPercent(cpuPercent)}  ${formatBytes(memoryBytes)}${ofGpus}`;
    this.#shown.set(row, { cpuPercent, memoryBytes, ...(gpu && { gpu }), at: this.now(), text });
    return text;
  }

  /** What this row's text says; undefined where it has none. */
  of(row: string): Figures | undefined {
    return this.#shown.get(row);
  }

  /** Forgets all rows but these. */
  retain(rows: ReadonlySet<string>): void {
    for (const row of this.#shown.keys()) if (!rows.has(row)) this.#shown.delete(row);
  }

  #isWorthIt(shown: Shown, { cpuPercent, memoryBytes, gpu }: Figures): boolean {
    const cpu = Math.abs(cpuPercent - shown.cpuPercent);
    const memory = Math.abs(memoryBytes - shown.memoryBytes);
    const gpuMemory = Math.abs((gpu?.memoryBytes ?? 0) - (shown.gpu?.memoryBytes ?? 0));
    const matters =
      gpuMemory > noticeable.memoryPart * (shown.gpu?.memoryBytes ?? 0) ||
      cpu >= Math.max(noticeable.cpuPoints, noticeable.cpuPart * shown.cpuPercent) ||
      memory >= noticeable.memoryPart * shown.memoryBytes;
    return matters || this.now() - shown.at >= settleMillis;
  }
}
