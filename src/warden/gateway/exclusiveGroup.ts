/** A model, as far as its group is concerned. */
export interface Rival {
  readonly name: string;
  /** Requests that are being answered. */
  readonly outstanding: number;
  /** Whether somebody waits for it. */
  readonly isWanted: boolean;
  /** It may load, and answer. */
  begin(): void;
  /** Resolves when the memory that it had is back; rejects with why it is not. */
  yield(): Promise<void>;
  /** Nobody is to wait for it: it cannot be loaded. */
  refuse(error: Error): void;
}

/** A model whose turn it is keeps it for so many milliseconds when another one waits, so that two that are both busy do not only swap. */
const turnMillis = 10_000;

/** Models of which only one is loaded at a time. Who waits gets its turn in the order of asking: nobody starves. */
export class ExclusiveGroup {
  readonly #turnMillis: number;
  readonly #waiting: Rival[] = [];
  #current: Rival | undefined;
  #isOver = false;
  #turn: NodeJS.Timeout | undefined;
  #swapping = false;

  constructor(turn: number = turnMillis) {
    this.#turnMillis = turn;
  }

  /** Whether this one may take up another request now. */
  mayAnswer(rival: Rival): boolean {
    return this.#current === rival && !this.#isOver && !this.#swapping;
  }

  /** Somebody waits for this one. */
  want(rival: Rival): void {
    if ((this.#current === rival && !this.#isOver) || this.#waiting.includes(rival)) return;
    this.#waiting.push(rival);
    this.settle();
  }

  /** To be called when the one whose turn it is has answered a request, or is no longer wanted. */
  settle(): void {
    const current = this.#current;
    if (this.#swapping || this.#waiting.length === 0) return;
    if (current && !this.#isOver && (current.outstanding > 0 || current.isWanted)) {
      this.#turn ??= setTimeout(() => {
        this.#isOver = true;
        this.settle();
      }, this.#turnMillis);
      return;
    }
    if (current && current.outstanding > 0) return;
    void this.#swap(current);
  }

  /** This one is not loaded any more, for whatever reason. */
  leave(rival: Rival): void {
    const at = this.#waiting.indexOf(rival);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (this.#current !== rival || this.#swapping) return;
    this.#endTurn();
    this.settle();
  }

  dispose(): void {
    clearTimeout(this.#turn);
    this.#waiting.length = 0;
  }

  async #swap(current: Rival | undefined): Promise<void> {
    this.#swapping = true;
    this.#endTurn();
    const next = this.#waiting.shift();
    let problem: Error | undefined;
    try {
      await current?.yield();
    } catch (error) {
      problem = error as Error;
    }
    this.#swapping = false;
    if (next && problem) {
      // What is still there takes up the memory: its turn is the only one that can be.
      this.#current = current;
      next.refuse(problem);
    } else if (next) {
      this.#current = next;
      // Who has been asked meanwhile comes behind all who waited before.
      if (current?.isWanted) this.want(current);
      next.begin();
    }
    this.settle();
  }

  #endTurn(): void {
    clearTimeout(this.#turn);
    this.#turn = undefined;
    this.#isOver = false;
    this.#current = undefined;
  }
}
