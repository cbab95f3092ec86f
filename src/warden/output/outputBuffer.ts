import { Slab } from './slab.ts';

/** Size of a block for copies, in bytes: the first one is small, because most processes print little, and each further one twice as large as the one before. */
const blockBytes = { first: 4096, most: 64 * 1024 } as const;

/** A part of the stream. */
interface Piece {
  /** Position of its first byte. */
  readonly position: number;
  readonly memory: Buffer;
  /** Where it is in the memory. */
  readonly at: number;
  /** It grows, as long as it is the newest in a block. */
  length: number;
  /** Held for it; undefined where the memory is only its own. */
  readonly slab: Slab | undefined;
}

/** The newest bytes of a stream, addressed by their position since its beginning: shared where they are in a slab, and copied else, so that what they come in can be used again. */
export class OutputBuffer {
  readonly #capacity: number;
  /** Without a gap, the oldest first. */
  #pieces: Piece[] = [];
  #start = 0;
  #end = 0;
  /** Where copies go, held while it has room, and how much of it is used. */
  #block: Slab | undefined;
  #used = 0;
  /** A block to be used again. */
  #spare: Slab | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Position of the oldest byte that is kept. */
  get start(): number {
    return this.#start;
  }

  /** Position behind the newest byte. */
  get end(): number {
    return this.#end;
  }

  /** All of it is kept, whatever the capacity, until the next one comes. */
  append(chunk: Buffer): void {
    const slab = Slab.share(chunk);
    if (slab) this.#push({ position: this.#end, memory: chunk, at: 0, length: chunk.length, slab });
    else this.#copy(chunk);
    this.#forget(this.#end - Math.max(this.#capacity, chunk.length));
  }

  /** Counts bytes that are not there: what is kept begins behind them. */
  skip(bytes: number): void {
    this.#end += bytes;
    this.#forget(this.#end);
  }

  /** Up to `limit` bytes from `position` on, or from the oldest kept byte where that is gone: a copy. */
  read(position: number, limit: number): Buffer {
    const from = Math.min(Math.max(position, this.#start), this.#end);
    const to = Math.min(from + limit, this.#end);
    const parts: Buffer[] = [];
    let index = this.#pieces.findLastIndex((piece) => piece.position <= from);
    for (let piece = this.#pieces[index]; piece && piece.position < to; piece = this.#pieces[++index]) {
      const first = Math.max(0, from - piece.position);
      parts.push(piece.memory.subarray(piece.at + first, piece.at + Math.min(piece.length, to - piece.position)));
    }
    return Buffer.concat(parts);
  }

  /** Nothing more will come, and only the last `bytes` of it are kept. */
  shorten(bytes: number): void {
    this.#forget(this.#end - bytes);
    this.compact();
  }

  /** Nothing more will come: what is kept moves to memory of just its size, and all other memory is let go. */
  compact(): void {
    const kept = this.read(this.#start, this.#end - this.#start);
    for (const { slab } of this.#pieces) slab?.release();
    this.#pieces = [{ position: this.#start, memory: kept, at: 0, length: kept.length, slab: undefined }];
    this.#block = undefined;
    this.#spare = undefined;
  }

  #copy(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      const block = this.#blockWithRoom();
      const length = chunk.copy(block.memory, this.#used, from);
      const last = this.#pieces.at(-1);
      if (last?.slab === block) {
        last.length += length;
        this.#end += length;
      } else {
        block.hold();
        this.#push({ position: this.#end, memory: block.memory, at: this.#used, length, slab: block });
      }
      this.#used += length;
      from += length;
    }
  }

  #push(piece: Piece): void {
    this.#pieces.push(piece);
    this.#end += piece.length;
  }

  #blockWithRoom(): Slab {
    const full = this.#block;
    if (full && this.#used < full.memory.length) return full;
    const size = Math.min(2 * (full?.memory.length ?? blockBytes.first / 2), blockBytes.most);
    const block = this.#spare ?? new Slab(size, (free) => this.#keepSpare(free));
    block.hold();
    full?.release();
    this.#spare = undefined;
    this.#block = block;
    this.#used = 0;
    return block;
  }

  #keepSpare(free: Slab): void {
    if (free.memory.length === blockBytes.most) this.#spare = free;
  }

  /** What is before this position. */
  #forget(start: number): void {
    if (start <= this.#start) return;
    this.#start = start;
    let gone = 0;
    for (const { position, length, slab } of this.#pieces) {
      if (position + length > start) break;
      slab?.release();
      gone++;
    }
    this.#pieces.splice(0, gone);
  }
}
