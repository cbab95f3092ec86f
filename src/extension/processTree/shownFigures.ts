import { formatBytes, formatPercent } from '../../protocol/format.ts';
import { Hovered } from './hovered.ts';

export interface Figures {
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly gpu?: { readonly memoryBytes: number };
}

/** A change that is shown at once: CPU in percentage points and as a fraction of the shown figure, memory as such a fraction. */
interface Noticeable {
  readonly cpuPoints: number;
  readonly cpuPart: number;
  readonly memoryPart: number;
}

const noticeable: Noticeable = { cpuPoints: 1, cpuPart: 0.1, memoryPart: 0.02 };
/** While a hover is read: what would mislead a reader is worth its closing, jitter is not. */
const noticeableBelowHover: Noticeable = { cpuPoints: 20, cpuPart: 0.5, memoryPart: 0.2 };
/** Time in milliseconds after which a smaller change is shown too, so that no figure stays wrong. */
const settleMillis = 5000;

interface Shown extends Figures {
  readonly at: number;
  readonly text: string;
}

/**
 * The figures as the rows show them. The editor draws a row anew, buttons and hover with it, whenever its text changes: a click on a
 * button that is replaced between press and release is lost, and a hover closes, whichever row is drawn. So a text changes when it matters.
 */
export class ShownFigures extends Hovered {
  readonly #shown = new Map<string, Shown>();

  /** The text of a row: `12.4 %  340 MB`, with `GPU 3.2 GB` where the process uses a GPU. */
  text(row: string, figures: Figures): string {
    const shown = this.#shown.get(row);
    // A figure without memory has not been measured yet.
    if (shown && shown.memoryBytes > 0 && !this.#isDue(shown, figures)) return shown.text;
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

  #isDue(shown: Shown, figures: Figures): boolean {
    const now = this.now();
    if (this.isHovered) return differs(shown, figures, noticeableBelowHover);
    return differs(shown, figures, noticeable) || now - shown.at >= settleMillis;
  }
}

function differs(shown: Figures, { cpuPercent, memoryBytes, gpu }: Figures, { cpuPoints, cpuPart, memoryPart }: Noticeable): boolean {
  const cpu = Math.abs(cpuPercent - shown.cpuPercent);
  const memory = Math.abs(memoryBytes - shown.memoryBytes);
  const gpuMemory = Math.abs((gpu?.memoryBytes ?? 0) - (shown.gpu?.memoryBytes ?? 0));
  return (
    gpuMemory > memoryPart * (shown.gpu?.memoryBytes ?? 0) ||
    cpu >= Math.max(cpuPoints, cpuPart * shown.cpuPercent) ||
    memory >= memoryPart * shown.memoryBytes
  );
}
