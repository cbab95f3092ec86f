import { formatBytes, formatPercent } from '../../protocol/format.ts';
import { HoverFreeze } from './hoverFreeze.ts';

export interface Figures {
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly gpu?: { readonly memoryBytes: number };
}

/** Minimum change that is shown at once: in percentage points, and as a fraction of the shown figure. */
const noticeable = { cpuPoints: 1, cpuPart: 0.1, memoryPart: 0.02 } as const;
/** Time in milliseconds after which a smaller change is shown too, so that no figure stays wrong. */
const settleMillis = 5000;

interface Shown extends Figures {
  readonly at: number;
  readonly text: string;
}

/**
 * The figures as the rows show them. The editor draws a row anew, buttons and hover with it, whenever its text changes: a click on a
 * button that is replaced between press and release is lost, and a hover closes. So a text changes when it matters, and not
 * while its hover is read.
 */
export class ShownFigures extends HoverFreeze {
  readonly #shown = new Map<string, Shown>();

  /** The text of a row: `12.4 %  340 MB`, with `GPU 3.2 GB` where the process uses a GPU. */
  text(row: string, figures: Figures): string {
    const shown = this.#shown.get(row);
    // A figure without memory has not been measured yet.
    if (shown && shown.memoryBytes > 0 && (this.isFrozen || !this.#isNoticeable(shown, figures))) return shown.text;
    const { cpuPercent, memoryBytes, gpu } = figures;
    const ofGpus = gpu ? `  GPU ${formatBytes(gpu.memoryBytes)}` : '';
    const text = `${formatPercent(cpuPercent)}  ${formatBytes(memoryBytes)}${ofGpus}`;
    this.#shown.set(row, { cpuPercent, memoryBytes, ...(gpu && { gpu }), at: this.now(), text });
    return text;
  }

  /** The figures in the text of a row; undefined for a row without a text. */
  of(row: string): Figures | undefined {
    return this.#shown.get(row);
  }

  /** Discards all other rows. */
  retain(rows: ReadonlySet<string>): void {
    for (const row of this.#shown.keys()) if (!rows.has(row)) this.#shown.delete(row);
  }

  #isNoticeable(shown: Shown, { cpuPercent, memoryBytes, gpu }: Figures): boolean {
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
