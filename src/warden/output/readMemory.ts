import { type Slab, SlabPool } from './slab.ts';

/** Size of what is read of a source that prints little, in bytes: as much as a pipe holds at first on Linux. */
export const usualReadBytes = 64 * 1024;
/**
 * Size of a slab, in bytes: what is read at once at most. What is in a pipe, is read and waits for the disk is lost with this process, so neither is larger than it has to be for reads
 * and writes to cost little.
 */
const slabBytes = 384 * 1024;
/** With less room left, in bytes, a slab is read into no more: small reads cost as much as large ones. */
const leastRoom = slabBytes / 4;
/** Number of free slabs that are kept for the next flood. */
const maxFree = 8;

/** What all sources that print little are read into, one after the other: what is in it is dealt with before the next read. */
const usualMemory = Buffer.allocUnsafeSlow(usualReadBytes);
const slabs = new SlabPool(slabBytes, maxFree);

/** The memory that one source is read into: of its own, and shared with those who keep what was read, as long as that comes in large pieces. */
export class ReadMemory {
  #slab: Slab | undefined;
  /** Where in the slab the next read goes. */
  #at = 0;
  #next: Buffer = usualMemory;

  /** For the next read. */
  get next(): Buffer {
    return this.#next;
  }

  /** So many bytes were read into {@link next}. `onChunk` is given a view of them, which is another's behind that, unless its slab is held. */
  deliver(length: number, onChunk: (chunk: Buffer) => void): void {
    onChunk(this.#next.subarray(0, length));
    if (length < usualReadBytes) this.release();
    else this.#moveOn(length);
  }

  /** Nothing more is read for now. */
  release(): void {
    this.#slab?.release();
    this.#slab = undefined;
    this.#next = usualMemory;
  }

  #moveOn(length: number): void {
    this.#at += length;
    if (this.#slab === undefined || slabBytes - this.#at < leastRoom) {
      this.release();
      this.#slab = slabs.take();
      this.#at = 0;
    }
    this.#next = this.#slab.memory.subarray(this.#at);
  }
}
