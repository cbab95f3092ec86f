import type { Admission, GroupMember } from './admission.ts';

/** Length of a model's turn while another one waits, in milliseconds. It keeps two busy models from doing nothing but swapping. */
export const turnMillis = 10_000;

/**
 * Models of which only one is loaded at a time. Waiting models get their turns in the order of their requests, so none starves. The memory belongs to one model until
 * that has reported it as verified to be free, by {@link leave} or {@link GroupMember.releaseMemory}.
 */
export class ExclusiveGroup implements Admission {
  readonly #turnMillis: number;
  #waiting: readonly GroupMember[] = [];
  /** The model whose servers have the memory, or may still have it. */
  #current: GroupMember | undefined;
  /** Others whose servers were running when they came into the group: they have to be gone, too, before the next one begins. */
  readonly #lingering = new Set<GroupMember>();
  #isOver = false;
  #turn: NodeJS.Timeout | undefined;
  #swapping = false;
  #disposed = false;

  constructor(turn: number = turnMillis) {
    this.#turnMillis = turn;
  }

  /** Whether this model may load, and take another request, now. */
  mayAnswer(member: GroupMember): boolean {
    return this.#current === member && !this.#isOver && !this.#swapping && !this.#disposed;
  }

  mayLaunch(member: GroupMember): boolean {
    return this.mayAnswer(member);
  }

  /** Servers of this model are running already, so the memory is its own, or shared with what had it before. */
  takeOver(member: GroupMember): void {
    if (this.#current === undefined && !this.#swapping) this.#current = member;
    else if (this.#current !== member) this.#lingering.add(member);
  }

  /** A request waits for this model. */
  want(member: GroupMember): void {
    if (this.mayAnswer(member) || this.#waiting.includes(member)) return;
    this.#waiting = [...this.#waiting, member];
    this.settle();
  }

  /** To be called when the current model has answered a request, is ready, or is no longer wanted. */
  settle(): void {
    if (this.#swapping || this.#disposed) return;
    const current = this.#current;
    this.#waiting = this.#waiting.filter(({ isWanted }) => isWanted);
    if (this.#waiting.every((member) => member === current)) {
      const hasItAgain = this.#isOver || this.#waiting.length > 0;
      this.#endTurn();
      this.#waiting = [];
      if (hasItAgain) current?.begin();
      return;
    }
    if (current && !this.#isOver && (current.outstanding > 0 || current.isWanted)) {
      // The turn begins when the model can answer: two that take longer than a turn to load would do nothing but swap.
      if (current.outstanding > 0 || !current.isLoading) this.#startTurn();
      return;
    }
    if (current && current.outstanding > 0) return;
    void this.#swap(current);
  }

  /** To be called when this model is verified to be unloaded, and no request waits for it. */
  leave(member: GroupMember): void {
    this.#waiting = this.#waiting.filter((other) => other !== member);
    this.#lingering.delete(member);
    if (this.#current === member && !this.#swapping) {
      this.#endTurn();
      this.#current = undefined;
    }
    this.settle();
  }

  reasonToWait(): undefined {
    return undefined;
  }

  dispose(): void {
    this.#disposed = true;
    this.#endTurn();
    this.#waiting = [];
  }

  async #swap(current: GroupMember | undefined): Promise<void> {
    this.#swapping = true;
    this.#endTurn();
    let problem: Error | undefined;
    const first = this.#waiting.find(({ isWanted }) => isWanted);
    const reason = `'${first?.name ?? ''}' of the same exclusive group was asked`;
    try {
      await current?.releaseMemory(reason);
      // More may come while one of them is waited for.
      for (const member of this.#lingering) {
        await member.releaseMemory(reason);
        this.#lingering.delete(member);
      }
    } catch (error) {
      problem = error as Error;
    }
    this.#swapping = false;
    if (this.#disposed) return;
    const next = this.#waiting.find(({ isWanted }) => isWanted);
    this.#waiting = this.#waiting.filter((other) => other !== next);
    if (problem === undefined) this.#begin(next, current);
    else {
      // The memory is not free: it still belongs to this model, which may go on using it.
      if (current?.isWanted) current.begin();
      if (next !== current) next?.fail(problem);
    }
    this.settle();
  }

  #begin(next: GroupMember | undefined, before: GroupMember | undefined): void {
    this.#current = next;
    next?.begin();
    // Requests that came meanwhile queue behind those that waited before.
    if (before?.isWanted && before !== next) this.want(before);
  }

  #startTurn(): void {
    this.#turn ??= setTimeout(() => {
      this.#isOver = true;
      this.settle();
    }, this.#turnMillis);
  }

  #endTurn(): void {
    clearTimeout(this.#turn);
    this.#turn = undefined;
    this.#isOver = false;
  }
}
