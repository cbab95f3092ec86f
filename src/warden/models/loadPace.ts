/** What the kernel has counted of a tree since its start, in bytes from and to storage. */
export interface Transferred {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** What is written within this time, in milliseconds, says whether a load is a download; less time where the load itself has less. */
const windowMillis = 60_000;
/** Bytes in a window from which on it is one: some programs write ten megabytes at once, on a slow line once in a minute. */
const leastBytes = 2 ** 20;
/** Time after which a download counts as any load does, in milliseconds. */
export const longestDownloadMillis = 24 * 3_600_000;

interface Point extends Transferred {
  /** Milliseconds, monotonic. */
  readonly at: number;
}

/**
 * Tells a download from a load that is slow, by what the tree writes to storage: whatever program loads a model, it reads its file, and does not write it. The time of a
 * download does not count toward the time that a load may take.
 */
export class LoadPace {
  readonly #windowMillis: number;
  readonly #sizeBytes: number;
  #points: readonly [Point, ...Point[]];
  #excusedMillis = 0;
  #isDownload = false;

  /**
   * @param startedAt In milliseconds, monotonic.
   * @param timeoutMillis The time that the load may take.
   * @param sizeBytes Of the model's file; absent where it is not known.
   */
  constructor(startedAt: number, timeoutMillis: number, sizeBytes = 0) {
    this.#points = [{ at: startedAt, readBytes: 0, writtenBytes: 0 }];
    this.#windowMillis = Math.min(windowMillis, timeoutMillis);
    this.#sizeBytes = sizeBytes;
  }

  /** To be called in the order of time. */
  add(point: Point): void {
    const last = this.#newest;
    const [first = last, ...others] = this.#points.filter(({ at }) => point.at - at <= this.#windowMillis);
    this.#isDownload = point.writtenBytes - first.writtenBytes >= leastBytes;
    if (this.#isDownload) this.#excusedMillis += point.at - last.at;
    this.#points = first === last ? [last, point] : [first, ...others, point];
  }

  /** Milliseconds of the load that were a download, a day at most. */
  get excusedMillis(): number {
    return Math.min(this.#excusedMillis, longestDownloadMillis);
  }

  /** Bytes written since the start, while it is a download. */
  get downloadedBytes(): number | undefined {
    return this.#isDownload ? this.#newest.writtenBytes : undefined;
  }

  /**
   * How much of the model's file was read from storage: less than is loaded where some of it was in memory already, and never all of it, because a server has more to do
   * than that. Undefined while that is nothing.
   */
  get percent(): number | undefined {
    const percent = this.#sizeBytes > 0 ? Math.floor((this.#newest.readBytes / this.#sizeBytes) * 100) : 0;
    return percent > 0 ? Math.min(percent, 99) : undefined;
  }

  get #newest(): Point {
    return this.#points.at(-1) ?? this.#points[0];
  }
}
